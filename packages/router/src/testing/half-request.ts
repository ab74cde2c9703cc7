import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

export const SPOKEN = ['HTTP/1.1', 'HTTP/2'] as const;
export type Spoken = (typeof SPOKEN)[number];

export interface HalfRequest {
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A body of which so much is sent; null: there is none. */
  readonly body?: { readonly length: number; readonly sent: number } | null;
}

export interface Sent {
  /** What came back so far. */
  status(): number | null;
  bytes(): number;
  /** Goes away, without a word where HTTP/1.1 is spoken. */
  leave(): void;
}

/** Sends a request, or a part of it, on a connection of its own. */
export function sendHalf(port: number, spoken: Spoken, request: HalfRequest): Sent {
  return spoken === 'HTTP/2' ? byHttp2(port, request) : byHttp1(port, request);
}

function byHttp1(port: number, { path = '/', headers, body = null }: HalfRequest): Sent {
  const socket = connect(port, '127.0.0.1');
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  if (body !== null) lines.push(`content-length: ${body.length}\r\n`);
  socket.write(
    `${body === null ? 'GET' : 'POST'} ${path} HTTP/1.1\r\nhost: localhost\r\n${lines.join('')}\r\n`,
  );
  if (body !== null) socket.write('x'.repeat(body.sent));
  let [text, bytes] = ['', 0];
  socket.on('error', () => undefined);
  socket.on('data', (piece: Buffer) => {
    bytes += piece.length;
    if (text.length < 12) text += piece.toString('latin1');
  });
  return {
    status: () => (text.length < 12 ? null : Number(text.slice(9, 12))),
    bytes: () => bytes,
    leave: () => void socket.destroy(),
  };
}

function byHttp2(port: number, { path = '/', headers, body = null }: HalfRequest): Sent {
  const session = connectHttp2(`http://127.0.0.1:${port}`, { maxSessionMemory: 100 });
  session.on('error', () => undefined);
  const stream = session.request(
    { ':method': body === null ? 'GET' : 'POST', ':path': path, ...headers },
    { endStream: body === null },
  );
  let status: number | null = null;
  let bytes = 0;
  stream.on('error', () => undefined).on('response', (head) => (status = head[':status'] ?? 0));
  stream.on('data', (piece: Buffer) => (bytes += piece.length));
  stream.once('close', () => session.destroy());
  if (body !== null) stream.write('x'.repeat(body.sent));
  return { status: () => status, bytes: () => bytes, leave: () => void session.destroy() };
}
