import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an instance is to answer. */
export interface ScriptedReply {
  readonly status: number;
  readonly reason: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly framing: 'length' | 'chunked' | 'until-close';
  readonly body: readonly string[];
  readonly trailers: readonly (readonly [string, string])[];
}

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
  reply: ScriptedReply;
  close(): Promise<void>;
}

const lines = (raw: readonly string[]): string[] =>
  raw.flatMap((name, i) => (i % 2 === 0 ? [`${name.toLowerCase()}: ${raw[i + 1] ?? ''}`] : []));
const byName = (a: string, b: string): number => {
  const [x = '', y = ''] = [a.split(':')[0], b.split(':')[0]];
  return x < y ? -1 : x > y ? 1 : 0;
};
export const sortedLines = (raw: readonly string[]): string[] => lines(raw).sort(byName);

/** An instance that remembers every request and answers as it was told; `/end` is answered `end`. */
export async function startRecordingBackend(): Promise<RecordingBackend> {
  const server = createServer((request: IncomingMessage, response) => {
    const { method = '', url = '', httpVersion, rawHeaders } = request;
    let body = '';
    request.setEncoding('latin1').on('data', (piece: string) => (body += piece));
    request.on('error', () => undefined);
    request.on('end', () => {
      backend.seen.push({
        line: `${method} ${url} HTTP/${httpVersion}`,
        headers: sortedLines(rawHeaders),
        body,
        trailers: lines(request.rawTrailers),
      });
      response.sendDate = false;
      if (url === '/end') return void response.end('end');
      const { status, reason, headers, framing, body: pieces, trailers } = backend.reply;
      const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
      if (framing === 'until-close') {
        response.socket?.write(
          `HTTP/1.1 ${status} ${reason}\r\n${headers.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n${pieces.join('')}`,
        );
        response.socket?.end();
        return;
      }
      const framed =
        framing === 'length' ? [['Content-Length', String(length)]] : [['Transfer-Encoding', 'chunked']];
      response.writeHead(status, reason, [...headers, ...framed].flat());
      for (const piece of pieces) response.write(piece, 'latin1');
      if (framing === 'chunked') response.addTrailers(trailers as [string, string][]);
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const backend: RecordingBackend = {
    port: (server.address() as AddressInfo).port,
    seen: [],
    reply: { status: 200, reason: 'OK', headers: [], framing: 'length', body: ['ok'], trailers: [] },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return backend;
}
