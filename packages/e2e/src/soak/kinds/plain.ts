import { Agent } from 'node:http';
import { sleep } from '@waiter/testkit';
import { TOKENS, type Stage } from '../stage';
import { Provoked, type Traffic } from '../traffic';
import { call, expectStatus, KEPT, whole } from './exchange';

const KIB = 1024;

const BROWSER_HEAD = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
  accept: 'application/json,text/plain;q=0.9,*/*;q=0.8',
  'accept-language': 'en-GB,en;q=0.7,de;q=0.3',
  'accept-encoding': 'gzip, deflate, br',
  referer: 'http://busy.soak/index.html',
  cookie: 'session=9f8b6c1d2e3f4a5b; theme=dark; consent=1; _ga=GA1.2.1234567890.1700000000',
  'sec-fetch-mode': 'cors',
  'sec-fetch-site': 'same-origin',
  'cache-control': 'no-cache',
};

/** Plain HTTP/1.1 in every size and direction, on connections that are kept. */
export function plainTraffic(stage: Stage): Traffic[] {
  const agent = new Agent(KEPT);
  const toBusy = { 'x-waiter-token': TOKENS.busy };
  const kind = (name: string, clients: number, pauseMs: number, once: Traffic['once']): Traffic => ({
    name,
    clients,
    pauseMs,
    once,
  });
  return [
    kind('small', 6, 20, async (random) => {
      const reply = await call({ port: stage.port(random), agent, path: '/hello', headers: toBusy });
      const body = expectStatus(reply, 200, 'small').body.toString();
      if (!body.startsWith('Hello')) throw new Error(`small: body ${body.slice(0, 80)}`);
    }),
    kind('browser', 3, 30, async (random) => {
      const headers = { ...BROWSER_HEAD, host: TOKENS.busy };
      expectStatus(
        await call({ port: stage.port(random), agent, path: '/?a=b&c=%20', headers }),
        200,
        'browser',
      );
    }),
    kind('head', 1, 100, async (random) => {
      const reply = await call({
        port: stage.port(random),
        agent,
        path: '/',
        method: 'HEAD',
        headers: toBusy,
      });
      if (expectStatus(reply, 200, 'head').body.length > 0) throw new Error('head: a body');
    }),
    kind('upload', 3, 100, async (random) => {
      const body = random.bytes(random.whole(0, 200 * KIB));
      const headers = { ...toBusy, 'x-kitchen-echo': 'true', 'content-type': 'application/octet-stream' };
      const chunked = random.next() < 0.5;
      const port = stage.port(random);
      const reply = await call({ port, agent, path: '/', method: 'POST', headers, body, chunked });
      if (!expectStatus(reply, 200, 'upload').body.equals(body)) throw new Error('upload: another echo');
    }),
    kind('download', 2, 150, async (random) => {
      const size = random.whole(1, 2_000 * KIB);
      const headers = { ...toBusy, 'x-kitchen-response-size': String(size) };
      const path = random.pick(['/chunked', '/unchunked']);
      const reply = await call({ port: stage.port(random), agent, path, headers });
      const { length } = expectStatus(reply, 200, 'download').body;
      if (length !== size) throw new Error(`download: ${length} bytes instead of ${size}`);
    }),
    kind('slow-reader', 2, 500, async (random) => {
      const size = 3_000 * KIB;
      const headers = { ...toBusy, 'x-kitchen-response-size': String(size) };
      const reply = await call(
        { port: stage.port(random), agent, path: '/unchunked', headers },
        async (response) => {
          response.pause();
          await sleep(random.between(500, 2_500));
          return whole(response);
        },
      );
      const { length } = expectStatus(reply, 200, 'slow-reader').body;
      if (length !== size) throw new Error(`slow-reader: ${length} bytes instead of ${size}`);
    }),
    kind('single', 4, 10, async (random) => {
      const headers = { 'x-waiter-token': TOKENS.single };
      const path = `/sleep?sleep-ms=${random.whole(0, 200)}`;
      expectStatus(await call({ port: stage.port(random), agent, path, headers }), 200, 'single');
    }),
    kind('crashing', 2, 50, async (random) => {
      const headers = { 'x-waiter-token': TOKENS.crashing };
      const reply = await call({ port: stage.port(random), agent, path: '/sleep?sleep-ms=20', headers });
      // What was in flight on an instance that was made to crash is lost: its client is told so (spec 6.4).
      if (reply.status === 502) throw new Provoked();
      expectStatus(reply, 200, 'crashing');
    }),
  ].map((traffic, index) => (index === 0 ? { ...traffic, close: () => agent.destroy() } : traffic));
}
