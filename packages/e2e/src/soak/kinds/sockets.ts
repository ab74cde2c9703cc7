import { once } from 'node:events';
import { sleep } from '@waiter/testkit';
import { WebSocket } from 'ws';
import { TOKENS, type Stage } from '../stage';
import type { Random } from '../random';
import type { Traffic } from '../traffic';

const SILENCE_MS = 60_000;

/** WebSockets: a conversation of echoes, ended by the client in good order or by leaving. */
export function webSocketTraffic(stage: Stage): Traffic[] {
  const plain = (random: Random): string => `ws://127.0.0.1:${stage.port(random)}/`;
  const secure = (random: Random): string => `wss://127.0.0.1:${stage.tlsPort(random)}/`;
  const kind = (name: string, where: (random: Random) => string): Traffic => ({
    name,
    clients: 1,
    pauseMs: 200,
    once: (random) => converse(stage, random, where(random)),
  });
  return [kind('websocket', plain), kind('websocket-tls', secure)];
}

async function converse(stage: Stage, random: Random, url: string): Promise<void> {
  const socket = new WebSocket(url, {
    rejectUnauthorized: false,
    headers: { 'x-waiter-token': TOKENS.busy, cookie: await stage.fleet.client().cookie() },
  });
  const quiet = setTimeout(() => socket.terminate(), SILENCE_MS);
  try {
    await once(socket, 'message'); // the greeting
    for (let n = random.whole(1, 5); n > 0; n -= 1) {
      const message = random.bytes(random.whole(101, 100_000));
      socket.send(message);
      const [echo] = (await once(socket, 'message')) as [Buffer];
      if (!echo.equals(message)) throw new Error('websocket: another echo');
      await sleep(random.between(0, 100));
    }
    const closed = once(socket, 'close') as Promise<[number]>;
    if (random.next() < 0.2) socket.terminate();
    else socket.close(1000);
    const [code] = await closed;
    if (code !== 1000 && code !== 1006) throw new Error(`websocket: closed with ${code}`);
  } finally {
    clearTimeout(quiet);
    socket.on('error', () => undefined).terminate();
  }
}
