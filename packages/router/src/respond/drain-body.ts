import type { IncomingMessage } from 'node:http';

/**
 * Reads and drops what is left of a request body, so that a client that writes before it reads can see an early answer
 * (spec: request-path 5.3).
 * @returns whether the body came to its end within both bounds
 */
export function drainBody(request: IncomingMessage, maxBytes: number, maxMs: number): Promise<boolean> {
  if (request.complete) return Promise.resolve(true);
  if (request.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    let bytes = 0;
    const finish = (): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', finish).off('close', finish).off('error', finish);
      request.pause();
      resolve(request.complete);
    };
    const onData = (piece: Buffer): void => {
      bytes += piece.length;
      if (bytes > maxBytes) finish();
    };
    const timer = setTimeout(finish, maxMs);
    request.on('data', onData).once('end', finish).once('close', finish).once('error', finish);
    request.resume();
  });
}
