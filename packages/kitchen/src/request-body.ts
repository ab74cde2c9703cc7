import type { Exchange } from './exchange';

/**
 * Reads the request body and counts its bytes.
 * @returns the bytes if `keep`, else nothing; undefined if the client left before the end of it
 */
export async function readBody(exchange: Exchange, keep: boolean): Promise<Buffer | undefined> {
  const { request } = exchange;
  const kept: Buffer[] = [];
  if (!exchange.isHttp2 && !exchange.chunked && (exchange.header('content-length') ?? '0') === '0')
    return Buffer.alloc(0);
  return new Promise((resolve) => {
    request.on('data', (piece: Buffer) => {
      exchange.bodyLength += piece.length;
      if (keep) kept.push(piece);
    });
    request.once('end', () => resolve(Buffer.concat(kept)));
    request.once('error', () => resolve(undefined));
    request.once('close', () => resolve(undefined));
  });
}
