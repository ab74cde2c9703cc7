import { Agent } from 'node:https';
import { TOKENS, type Stage } from '../stage';
import type { Random } from '../random';
import type { Traffic } from '../traffic';
import { call, expectStatus, KEPT } from './exchange';
import { Agent as PlainAgent } from 'node:http';

const LONGEST = 200_000;

/** HTTP/1.1 in front of instances that speak h2c, https and h2, and TLS in front. */
export function protocolTraffic(stage: Stage): Traffic[] {
  const plain = new PlainAgent(KEPT);
  // Made at the start of the soak, by nobody that is trusted.
  const secure = new Agent({ ...KEPT, rejectUnauthorized: false });
  const echo =
    (name: string, token: string, tls: boolean) =>
    async (random: Random): Promise<void> => {
      const body = random.bytes(random.whole(0, LONGEST));
      const headers = {
        'x-waiter-token': token,
        'x-kitchen-echo': 'true',
        'content-type': 'application/octet-stream',
      };
      const where = tls
        ? { port: stage.tlsPort(random), agent: secure }
        : { port: stage.port(random), agent: plain };
      const chunked = random.next() < 0.5;
      const reply = await call({ ...where, path: '/', method: 'POST', headers, body, chunked });
      if (!expectStatus(reply, 200, name).body.equals(body)) throw new Error(`${name}: another echo`);
    };
  const kind = (name: string, token: string, tls = false): Traffic => ({
    name,
    clients: 1,
    pauseMs: 100,
    once: echo(name, token, tls),
  });
  return [
    { ...kind('to-h2c', TOKENS.h2c), close: () => plain.destroy() },
    kind('to-https', TOKENS.https),
    kind('to-h2', TOKENS.h2),
    { ...kind('tls', TOKENS.busy, true), close: () => secure.destroy() },
    kind('tls-to-h2', TOKENS.h2, true),
  ];
}
