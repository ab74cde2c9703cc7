import type { Answer, MadeBody } from './answer';
import type { Exchange } from './exchange';
import { requestInfoHeaders } from './request-info';

const TRAILER = 'x-kitchen-trailer-';
const BODILESS = new Set([204, 304]);

/** Sends an answer the way the request's `x-kitchen-` headers want it. Resolves when all of it is handed over. */
export async function respond(exchange: Exchange, answer: Answer, handedOver: () => void): Promise<void> {
  const { response } = exchange;
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  const chunked = exchange.request.httpVersion !== '1.0' && (answer.chunked ?? wantsChunks(exchange));
  const trailers = chunked || exchange.isHttp2 ? trailersOf(exchange) : [];
  const excluded = (exchange.knob('exclude-headers') ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());

  response.statusCode = answer.status;
  for (const [name, value] of headersOf(exchange, answer)) {
    if (!excluded.includes(name)) response.setHeader(name, value);
  }
  if (chunked && !exchange.isHttp2) response.setHeader('transfer-encoding', 'chunked');
  if (trailers.length > 0) response.setHeader('trailer', trailers.map(([name]) => name).join(', '));
  if (!chunked && body.length !== undefined && !BODILESS.has(answer.status)) {
    response.setHeader('content-length', body.length);
  }
  if (excluded.includes('date')) response.sendDate = false;
  // Removing what node would add by itself: without length and chunking the end of the connection is the framing.
  for (const name of excluded) if (name !== '') response.removeHeader(name);

  const failAfter = exchange.number('fail-after');
  const chunkSize = exchange.number('chunk-size') || undefined;
  const chunkDelayMs = exchange.number('chunk-delay') ?? 0;
  if (exchange.method === 'HEAD' || BODILESS.has(answer.status)) {
    handedOver();
    response.end();
    return;
  }
  if (Buffer.isBuffer(body) && failAfter === undefined && chunkSize === undefined && trailers.length === 0) {
    handedOver();
    response.end(body);
    return;
  }
  response.flushHeaders();
  let left = failAfter ?? Infinity;
  let first = true;
  for await (const piece of cutToSize(piecesOf(body), chunkSize)) {
    if (!first) await exchange.pause(chunkDelayMs);
    first = false;
    if (exchange.gone) return;
    if (piece.length >= left) {
      if (left > 0) response.write(piece.subarray(0, left));
      exchange.breakOff();
      return;
    }
    left -= piece.length;
    if (!response.write(piece)) await drained(exchange);
  }
  if (trailers.length > 0) {
    await exchange.pause(exchange.number('pre-trailer-sleep-ms') ?? 0);
    if (exchange.gone) return;
    // As an object: HTTP/2 takes nothing else.
    response.addTrailers(Object.fromEntries(trailers));
  }
  handedOver();
  response.end();
}

function* headersOf(exchange: Exchange, answer: Answer): Generator<[string, string | string[]]> {
  yield ['server', 'kitchen/1.0'];
  yield ['x-cid', exchange.cid];
  yield ['content-type', 'text/plain'];
  for (const [name, value] of Object.entries(answer.headers ?? {})) yield [name, value];
  const contentType = exchange.knob('content-type');
  if (contentType !== undefined) yield ['content-type', contentType];
  const cookies = exchange.knob('cookies');
  if (cookies !== undefined) yield ['set-cookie', cookies.split(',').map(cookie)];
  if (exchange.query('include') === 'request-info') yield* Object.entries(requestInfoHeaders(exchange));
}

/** `name="va lue"` as `name=%22va%20lue%22` */
function cookie(pair: string): string {
  const [name = '', ...value] = pair.trim().split('=');
  return `${name}=${encodeURIComponent(value.join('=')).replaceAll('%2F', '/')}`;
}

function wantsChunks(exchange: Exchange): boolean {
  return (
    exchange.chunked ||
    exchange.flag('chunked') ||
    exchange.flag('chunk-size') ||
    exchange.flag('chunk-delay')
  );
}

function trailersOf(exchange: Exchange): [string, string][] {
  return Object.keys(exchange.request.headers)
    .filter((name) => name.startsWith(TRAILER))
    .map((name) => [name.slice(TRAILER.length), exchange.header(name) ?? '']);
}

function piecesOf(body: Buffer | MadeBody): Iterable<Buffer> | AsyncIterable<Buffer> {
  if (!Buffer.isBuffer(body)) return body.pieces;
  return body.length === 0 ? [] : [body];
}

async function* cutToSize(
  pieces: Iterable<Buffer> | AsyncIterable<Buffer>,
  size: number | undefined,
): AsyncGenerator<Buffer> {
  if (size === undefined) return yield* pieces;
  let held: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    held = held.length === 0 ? piece : Buffer.concat([held, piece]);
    for (; held.length >= size; held = held.subarray(size)) yield held.subarray(0, size);
  }
  if (held.length > 0) yield held;
}

function drained(exchange: Exchange): Promise<void> {
  const { response } = exchange;
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}
