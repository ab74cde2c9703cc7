import { connect, constants, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { sleep } from '@waiter/testkit';
import type { Random } from '../random';
import { TOKENS, type Stage } from '../stage';
import type { Traffic } from '../traffic';

/** Requests that a client sends side by side on its connection before it ends that. */
const STREAMS = 8;
const SILENCE_MS = 60_000;

/** HTTP/2 by prior knowledge or by ALPN: many streams on one connection, some of which the client resets. */
export function http2Traffic(stage: Stage): Traffic[] {
  const plain = (random: Random): string => `http://127.0.0.1:${stage.port(random)}`;
  const secure = (random: Random): string => `https://127.0.0.1:${stage.tlsPort(random)}`;
  return [kind('http2', 2, plain), kind('http2-tls', 1, secure)];
}

function kind(name: string, clients: number, where: (random: Random) => string): Traffic {
  return {
    name,
    clients,
    pauseMs: 400,
    once: async (random) => {
      const session = connect(where(random), { rejectUnauthorized: false });
      session.on('error', () => undefined);
      try {
        const streams = Array.from({ length: random.whole(1, STREAMS) }, () => exchange(session, random));
        await Promise.all(streams);
      } finally {
        await new Promise<void>((resolve) => session.close(resolve));
      }
    },
  };
}

async function exchange(session: ClientHttp2Session, random: Random): Promise<void> {
  const body = random.bytes(random.whole(0, 100_000));
  const stream = session.request({
    ':method': 'POST',
    ':path': '/echo',
    'x-waiter-token': TOKENS.busy,
    'x-kitchen-echo': 'true',
    'content-type': 'application/octet-stream',
  });
  stream.setTimeout(SILENCE_MS, () => stream.close(constants.NGHTTP2_CANCEL));
  stream.end(body);
  if (random.next() < 0.15) {
    stream.on('error', () => undefined);
    await sleep(random.between(0, 50));
    stream.close(constants.NGHTTP2_CANCEL);
    // What was echoed by then would keep the stream, and its session, open for ever.
    stream.resume();
    return;
  }
  const pieces: Buffer[] = [];
  let status: number | undefined;
  stream.on(
    'response',
    (headers: IncomingHttpHeaders & { ':status'?: number }) => (status = headers[':status']),
  );
  for await (const piece of stream as AsyncIterable<Buffer>) pieces.push(piece);
  const echo = Buffer.concat(pieces);
  if (status !== 200)
    throw new Error(
      `http2: ${String(status)}, reset code ${stream.rstCode}: ${echo.toString('utf8', 0, 200)}`,
    );
  if (!echo.equals(body)) throw new Error('http2: another echo');
}
