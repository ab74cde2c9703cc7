import type { Response } from 'express';

/** A consumer that is so far behind is cut off. */
const MOST_BEHIND = 4 * 1024 * 1024;

/** An empty line is sent so often, so that no proxy on the way takes the connection for dead. */
const HEARTBEAT_MS = 5_000;
const LOOK_MS = 250;

export interface JsonStreamOptions {
  /** The stream ends when nothing was told for so long. */
  readonly idleMs: number;
  /** True once this process ends: the client is sent away. */
  readonly isDraining: () => boolean;
  /** Called once, however it ends. */
  readonly onEnd: () => void;
}

export interface JsonStream {
  write(object: object): void;
  readonly over: boolean;
}

/**
 * An endless body of JSON objects, one per line. It ends when nothing was told for a while, when the client has gone or
 * is too far behind, and when this process is to end.
 */
export function jsonStream(response: Response, { idleMs, isDraining, onEnd }: JsonStreamOptions): JsonStream {
  response.setHeader('content-type', 'application/json');
  response.flushHeaders();
  const idle = setTimeout(() => response.end(), idleMs);
  let over = false;
  let beatAt = performance.now();
  const heartbeat = setInterval(() => {
    if (isDraining()) response.end();
    else if (performance.now() - beatAt >= HEARTBEAT_MS) {
      beatAt = performance.now();
      response.write('\n');
    }
  }, LOOK_MS);
  response.once('close', () => {
    over = true;
    clearTimeout(idle);
    clearInterval(heartbeat);
    onEnd();
  });
  return {
    get over() {
      return over || response.writableEnded;
    },
    write(object) {
      if (over || response.writableEnded) return;
      idle.refresh();
      beatAt = performance.now();
      response.write(`${JSON.stringify(object)}\n`);
      if (response.writableLength > MOST_BEHIND) response.destroy();
    },
  };
}
