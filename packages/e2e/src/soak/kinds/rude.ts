import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { rawRequest, sleep } from '@waiter/testkit';
import type { Random } from '../random';
import { TOKENS, type Stage } from '../stage';
import type { Traffic } from '../traffic';
import { call, expectStatus } from './exchange';

const HEAD = `Host: ${TOKENS.busy}\r\n`;

/** Requests that must be refused, each on a connection of its own (request smuggling and plain nonsense). */
const REFUSED: readonly string[] = [
  `GET / HTTP/1.1\r\n${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
  `GET / HTTP/1.1\r\n${HEAD}Host: other\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HEAD}X-Bad : 1\r\n\r\n`,
  `GET / HTTP/1.1\r\nno-colon\r\n\r\n`,
  `GET  / HTTP/1.1\r\n${HEAD}\r\n`,
  `POST / HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
];

/** Clients that leave, stall, or send what is no request. Nothing of theirs may stay behind. */
export function rudeTraffic(stage: Stage): Traffic[] {
  const agent = new Agent({ keepAlive: false });
  return [
    {
      name: 'leaves-while-served',
      clients: 2,
      pauseMs: 100,
      once: (random) => leave(stage, random, agent, '/sleep?sleep-ms=2000'),
    },
    {
      name: 'leaves-a-download',
      clients: 1,
      pauseMs: 200,
      once: (random) => leave(stage, random, agent, '/unchunked'),
    },
    { name: 'leaves-an-upload', clients: 1, pauseMs: 200, once: (random) => leaveUpload(stage, random) },
    { name: 'refused', clients: 1, pauseMs: 150, once: (random) => refused(stage, random) },
    { name: 'pipelined', clients: 1, pauseMs: 200, once: (random) => pipelined(stage, random) },
    {
      name: 'no-such-token',
      clients: 1,
      pauseMs: 300,
      once: async (random) => {
        const headers = { host: `nobody-${random.whole(0, 1_000)}.soak` };
        expectStatus(
          await call({ port: stage.port(random), agent, path: '/', headers }),
          400,
          'no-such-token',
        );
      },
    },
  ];
}

/** Asks, waits a little, and hangs up, whatever has come by then. */
async function leave(stage: Stage, random: Random, agent: Agent, path: string): Promise<void> {
  const token = random.pick([TOKENS.busy, TOKENS.single]);
  const outgoing = request({
    host: '127.0.0.1',
    port: stage.port(random),
    agent,
    path,
    headers: { 'x-waiter-token': token },
  });
  const closed = new Promise<void>((resolve) => outgoing.once('close', () => resolve()));
  outgoing.on('error', () => undefined);
  outgoing.on('response', (response) => response.on('error', () => undefined).resume());
  outgoing.end();
  await sleep(random.between(0, 300));
  outgoing.destroy();
  await closed;
}

async function leaveUpload(stage: Stage, random: Random): Promise<void> {
  const socket = connect(stage.port(random), '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined).resume();
  socket.write(`POST /hello HTTP/1.1\r\n${HEAD}Content-Length: 1000000\r\n\r\n`);
  socket.write(random.bytes(random.whole(0, 50_000)));
  await sleep(random.between(0, 300));
  if (random.next() < 0.5) socket.resetAndDestroy();
  else socket.destroy();
  await closed;
}

async function refused(stage: Stage, random: Random): Promise<void> {
  const bytes = random.pick(REFUSED);
  const { text } = await rawRequest(stage.port(random), bytes, { timeoutMs: 10_000, until: /\r\n\r\n/ });
  if (!text.startsWith('HTTP/1.1 400')) {
    throw new Error(
      `refused: ${JSON.stringify(bytes.slice(0, 60))} got ${JSON.stringify(text.slice(0, 60))}`,
    );
  }
}

async function pipelined(stage: Stage, random: Random): Promise<void> {
  const count = random.whole(2, 8);
  const one = `GET /hello HTTP/1.1\r\n${HEAD}\r\n`;
  const last = `GET /hello HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`;
  const bytes = one.repeat(count - 1) + last;
  const { text, ended } = await rawRequest(stage.port(random), bytes, { timeoutMs: 30_000 });
  const answers = text.match(/HTTP\/1\.1 200 OK\r\n/g)?.length ?? 0;
  if (answers !== count || ended !== 'closed') {
    throw new Error(`pipelined: ${answers} of ${count} answers, ${ended}: ${text.slice(0, 120)}`);
  }
}
