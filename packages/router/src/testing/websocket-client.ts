import type { IncomingMessage } from 'node:http';
import { WebSocket, type ClientOptions, type RawData } from 'ws';
import { authCookie } from './router-under-test';

/** How a connection ended: what a client of `ws` hears. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A client that remembers what it heard. */
export interface TestSocket {
  readonly socket: WebSocket;
  readonly messages: (string | Buffer)[];
  readonly reply: IncomingMessage;
  readonly closed: Promise<Closed>;
  /** The next message that was not returned yet. */
  next(): Promise<string | Buffer>;
}

/** A refusal of the handshake. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly headers: IncomingMessage['headers'],
    readonly body: string,
  ) {
    super(`refused with ${status}: ${body}`);
  }
}

const contentOf = (data: RawData, isBinary: boolean): string | Buffer => {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
  return isBinary ? bytes : bytes.toString();
};

export interface OpenSocketOptions extends ClientOptions {
  readonly protocols?: string[];
  /** Whose authentication cookie is sent; null: nobody's. Default: the user of routers under test. */
  readonly as?: string | null;
}

/** @throws Refused; or the error of `ws` */
export function openSocket(
  url: string,
  { protocols = [], as = 'alice', headers = {}, ...options }: OpenSocketOptions = {},
): Promise<TestSocket> {
  const cookie = [as === null ? '' : authCookie(as), headers['cookie'] ?? '']
    .filter((one) => one !== '')
    .join('; ');
  const socket = new WebSocket(url, protocols, {
    handshakeTimeout: 15_000,
    headers: { ...headers, ...(cookie === '' ? {} : { cookie }) },
    ...options,
  });
  const messages: (string | Buffer)[] = [];
  const waiting: ((message: string | Buffer) => void)[] = [];
  let taken = 0;
  const closed = new Promise<Closed>((resolve) =>
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
  );
  socket.on('message', (data, isBinary) => {
    messages.push(contentOf(data, isBinary));
    const resolve = waiting.shift();
    if (resolve !== undefined) resolve(messages[taken++] as string);
  });
  const next = async (): Promise<string | Buffer> => {
    if (taken < messages.length) return messages[taken++] as string;
    const message = new Promise<string | Buffer>((resolve) => waiting.push(resolve));
    const end = closed.then(({ code, reason }) => {
      throw new Error(`closed with ${code} ${reason}`);
    });
    return Promise.race([message, end]);
  };
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('unexpected-response', (_request, reply) => {
      let body = '';
      reply.setEncoding('utf8').on('data', (piece: string) => (body += piece));
      reply.once('close', () => reject(new Refused(reply.statusCode ?? 0, reply.headers, body)));
    });
    socket.once('upgrade', (reply) => {
      socket.once('open', () => resolve({ socket, messages, reply, closed, next }));
    });
  });
}
