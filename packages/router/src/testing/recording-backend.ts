import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** What an instance is to answer. */
export interface ScriptedReply {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly framing: 'length' | 'chunked' | 'until-close';
  readonly body: readonly string[];
  readonly trailers: readonly (readonly [string, string])[];
  /** Interim responses that come before (RFC 9110 15.2). */
  readonly interim?: readonly Interim[];
  /** Does not wait for the request's body, which is read all the same. */
  readonly early?: boolean;
  /** The connection ends after so many pieces of the body, without its end. */
  readonly cutAfter?: number | undefined;
}

export type Interim = 'continue' | 'processing' | 'early-hints';

/** What an instance saw. */
export interface SeenRequest {
  readonly line: string;
  /** Names in lower case, sorted; order among the same names kept. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

export interface RecordingBackend {
  readonly port: number;
  seen: SeenRequest[];
  /** Heads that came. */
  begun: number;
  /** What is answered, unless `x-reply` is the index of one of `replies`. */
  reply: ScriptedReply;
  replies: readonly ScriptedReply[];
  close(): Promise<void>;
}

const lines = (raw: readonly string[]): string[] =>
  raw.flatMap((name, i) => (i % 2 === 0 ? [`${name.toLowerCase()}: ${raw[i + 1] ?? ''}`] : []));
const byName = (a: string, b: string): number => {
  const [x = '', y = ''] = [a.split(':')[0], b.split(':')[0]];
  return x < y ? -1 : x > y ? 1 : 0;
};
export const sortedLines = (raw: readonly string[]): string[] => lines(raw).sort(byName);

const INTERIM: Readonly<Record<Interim, string>> = {
  continue: 'HTTP/1.1 100 Continue\r\n\r\n',
  processing: 'HTTP/1.1 102 Processing\r\n\r\n',
  'early-hints': 'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n',
};

/** Byte by byte as it is told: node would correct what it finds wrong. */
function answer(reply: ScriptedReply, method: string, socket: Socket): void {
  const { status, reason, headers, framing, body, trailers, interim = [], cutAfter } = reply;
  const hasBody = method !== 'HEAD' && status !== 204 && status !== 304;
  const length = body.reduce((sum, piece) => sum + piece.length, 0);
  const text = (fields: ScriptedReply['headers']): string =>
    fields.map(([n, v]) => `${n}: ${v}\r\n`).join('');
  const framed = {
    length: `Content-Length: ${length}\r\n`,
    chunked: 'Transfer-Encoding: chunked\r\n',
    'until-close': '',
  }[framing];
  const write = (bytes: string): void => void socket.write(bytes, 'latin1');
  for (const kind of interim) write(INTERIM[kind]);
  write(`HTTP/1.1 ${status} ${reason}\r\n${text(headers)}${framed}\r\n`);
  if (hasBody) {
    for (const piece of body.slice(0, cutAfter)) {
      write(framing === 'chunked' ? `${piece.length.toString(16)}\r\n${piece}\r\n` : piece);
    }
    if (framing === 'chunked' && cutAfter === undefined) write(`0\r\n${text(trailers)}\r\n`);
  }
  const closes = headers.some(([name, value]) => /^connection$/i.test(name) && /\bclose\b/i.test(value));
  if (framing === 'until-close' || cutAfter !== undefined || closes) socket.end();
}

const THE_END: ScriptedReply = {
  status: 200,
  reason: 'OK',
  headers: [],
  framing: 'length',
  body: ['end'],
  trailers: [],
};

/** An instance that remembers every request and answers as it was told; `/end` is answered `end`. */
export async function startRecordingBackend(): Promise<RecordingBackend> {
  const server = createServer((request: IncomingMessage) => {
    const { method = '', url = '', httpVersion, rawHeaders, socket } = request;
    const own = backend.replies[Number(request.headers['x-reply'] ?? NaN)] ?? backend.reply;
    const reply = url === '/end' ? THE_END : own;
    if (reply.early === true) answer(reply, method, socket);
    let body = '';
    request.setEncoding('latin1').on('data', (piece: string) => (body += piece));
    request.on('error', () => undefined);
    const line = `${method} ${url} HTTP/${httpVersion}`;
    const headers = sortedLines(rawHeaders);
    backend.begun += 1;
    request.on('close', () => {
      if (!request.complete) backend.seen.push({ line: `aborted: ${line}`, headers, body: '', trailers: [] });
    });
    request.on('end', () => {
      backend.seen.push({ line, headers, body, trailers: lines(request.rawTrailers) });
      if (reply.early !== true) answer(reply, method, socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const backend: RecordingBackend = {
    port: (server.address() as AddressInfo).port,
    seen: [],
    begun: 0,
    reply: { status: 200, reason: 'OK', headers: [], framing: 'length', body: ['ok'], trailers: [] },
    replies: [],
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return backend;
}
