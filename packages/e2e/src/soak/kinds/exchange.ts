import { request, type Agent, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as requestByTls } from 'node:https';

export interface Call {
  readonly port: number;
  /** One of `node:https` speaks TLS. */
  readonly agent: Agent;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Sends the body without a length. */
  readonly chunked?: boolean;
}

export interface Reply {
  readonly status: number;
  readonly body: Buffer;
  readonly location: string | undefined;
}

let calls = 0;

/** A client that hears nothing for so long gives up, and that is a failure. */
const SILENCE_MS = 60_000;

/**
 * How clients keep connections. Only an agent with a time limit of its own goes by the `Keep-Alive` that it is told, and
 * gives an idle connection up before the router closes it.
 */
export const KEPT = { keepAlive: true, maxSockets: Infinity, timeout: SILENCE_MS } as const;

/** Sends a request and reads the whole response. `read` may take its time over the body. */
export function call(
  what: Call,
  read: (response: IncomingMessage) => Promise<Buffer> = whole,
): Promise<Reply> {
  const { port, agent, path, method = 'GET', headers = {}, body, chunked = false } = what;
  // To be found in the logs.
  const cid = `soak-${(calls += 1)}`;
  const length = body === undefined || chunked ? {} : { 'content-length': String(body.length) };
  return new Promise((resolve, reject) => {
    const outgoing = (agent instanceof TlsAgent ? requestByTls : request)(
      {
        host: '127.0.0.1',
        port,
        agent,
        path,
        method,
        headers: { 'x-cid': cid, ...headers, ...length },
        timeout: SILENCE_MS,
      },
      (response) => {
        const { statusCode: status = 0, headers: told } = response;
        read(response).then((bytes) => resolve({ status, body: bytes, location: told.location }), reject);
      },
    );
    outgoing.on('timeout', () =>
      outgoing.destroy(new Error(`${method} ${path}: silence for ${SILENCE_MS} ms`)),
    );
    outgoing.on('error', (error) => {
      const where = outgoing.reusedSocket ? 'a reused connection' : 'a new connection';
      reject(new Error(`${error.message} on ${where}, ${cid} at ${new Date().toISOString()}`));
    });
    if (body !== undefined && chunked) {
      const half = body.length >> 1;
      outgoing.write(body.subarray(0, half));
      outgoing.end(body.subarray(half));
    } else {
      outgoing.end(body);
    }
  });
}

export async function whole(response: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** @throws Error with the start of the body when the status is another one */
export function expectStatus(reply: Reply, status: number, what: string): Reply {
  if (reply.status === status) return reply;
  throw new Error(`${what}: ${reply.status} ${reply.body.toString('utf8', 0, 200)}`);
}
