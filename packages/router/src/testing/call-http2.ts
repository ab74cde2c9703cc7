import { connect, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2';

export interface Http2Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly trailers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
  readonly text: string;
  /** Interim responses that came before. */
  readonly interim: readonly Record<string, unknown>[];
  /** Code with which the stream was closed; 0: in order. */
  readonly code: number;
}

export interface Http2CallOptions {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer | readonly Buffer[];
  readonly trailers?: Readonly<Record<string, string>>;
}

/** One request on a session, with nothing added. Never rejects: what went wrong is in `code`. */
export function callOn(session: ClientHttp2Session, options: Http2CallOptions = {}): Promise<Http2Reply> {
  const { method = 'GET', path = '/', headers = {}, body, trailers } = options;
  const hasBody = body !== undefined || trailers !== undefined;
  return new Promise((resolve) => {
    const stream = session.request(
      { ':method': method, ':path': path, ':authority': 'localhost', ...headers },
      { endStream: !hasBody, waitForTrailers: trailers !== undefined },
    );
    const pieces: Buffer[] = [];
    const interim: Record<string, unknown>[] = [];
    let head: Record<string, unknown> = {};
    let after = {};
    stream.on('headers', (fields) => interim.push({ ...fields }));
    stream.on('response', (fields) => (head = { ...fields }));
    stream.on('trailers', (fields) => (after = { ...fields }));
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('error', () => undefined);
    stream.on('wantTrailers', () => stream.sendTrailers({ ...trailers }));
    stream.once('close', () => {
      const { ':status': status, ...rest } = head;
      const whole = Buffer.concat(pieces);
      resolve({
        status: Number(status ?? 0),
        headers: rest as Http2Reply['headers'],
        trailers: after,
        body: whole,
        text: whole.toString('latin1'),
        interim,
        code: stream.rstCode,
      });
    });
    if (!hasBody) return;
    const list = body === undefined ? [] : Array.isArray(body) ? body : [body];
    for (const piece of list as (string | Buffer)[]) stream.write(piece);
    stream.end();
  });
}

/** The same on a connection of its own. */
export async function callHttp2(port: number, options: Http2CallOptions = {}): Promise<Http2Reply> {
  const session = connect(`http://127.0.0.1:${port}`);
  session.on('error', () => undefined);
  try {
    return await callOn(session, options);
  } finally {
    session.close();
  }
}
