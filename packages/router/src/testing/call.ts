import { request, type IncomingHttpHeaders } from 'node:http';
import { callHttp2 } from './call-http2';

export interface CallOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Pieces are sent chunked unless a content-length is given. */
  readonly body?: string | Buffer | Iterable<Buffer> | AsyncIterable<Buffer>;
}

export interface CallReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly trailers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  readonly text: string;
  /** False: the connection broke before the response was complete. */
  readonly complete: boolean;
}

/** How the requests of tests are sent. */
export const testFront: { http2: boolean } = { http2: false };

/** One request on a connection of its own, with nothing added but `host` where none is given. */
export function call(port: number, options: CallOptions = {}): Promise<CallReply> {
  return testFront.http2 ? callByHttp2(port, options) : callByHttp1(port, options);
}

/** The same request as a client of HTTP/2 makes it: its host is the authority. */
async function callByHttp2(
  port: number,
  { headers = {}, body, ...options }: CallOptions,
): Promise<CallReply> {
  if (body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body))
    throw new Error('bodies in pieces are for HTTP/1.1');
  const { host = `127.0.0.1:${port}`, ...others } = headers;
  const reply = await callHttp2(port, {
    ...options,
    ...(body === undefined ? {} : { body }),
    headers: { ...others, ':authority': host },
  });
  const rawHeaders = Object.entries(reply.headers).flatMap(([name, value]) =>
    [value].flat().flatMap((one) => (one === undefined ? [] : [name, one])),
  );
  const { status, text, body: whole, code } = reply;
  return {
    ...{ status, text, rawHeaders, body: whole, complete: code === 0 },
    headers: reply.headers as IncomingHttpHeaders,
    trailers: reply.trailers as CallReply['trailers'],
  };
}

function callByHttp1(port: number, options: CallOptions): Promise<CallReply> {
  const { method = 'GET', path = '/', headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { port, host: '127.0.0.1', method, path, headers: { ...headers }, agent: false },
      (reply) => {
        const pieces: Buffer[] = [];
        reply.on('data', (piece: Buffer) => pieces.push(piece));
        reply.on('error', () => undefined);
        reply.once('close', () => {
          const whole = Buffer.concat(pieces);
          resolve({
            status: reply.statusCode ?? 0,
            headers: reply.headers,
            rawHeaders: reply.rawHeaders,
            trailers: reply.trailers,
            body: whole,
            text: whole.toString('latin1'),
            complete: reply.complete,
          });
        });
      },
    );
    outgoing.once('error', reject);
    if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) {
      outgoing.end(body);
      return;
    }
    void (async () => {
      for await (const piece of body) {
        if (!outgoing.write(piece) && !outgoing.destroyed) {
          await new Promise<void>((next) => outgoing.once('drain', next).once('close', next));
        }
      }
      outgoing.end();
    })();
  });
}
