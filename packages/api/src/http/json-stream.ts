import type { Response } from 'express';

/** A consumer that is so far behind is cut off. */
const MOST_BEHIND = 4 * 1024 * 1024;

export interface JsonStream {
  write(object: object): void;
  readonly over: boolean;
}

/**
 * An endless body of JSON objects, one per line. It ends when nothing was written for `idleMs`, when the client has gone
 * or is too far behind; `onEnd` is called once then.
 */
export function jsonStream(response: Response, idleMs: number, onEnd: () => void): JsonStream {
  response.setHeader('content-type', 'application/json');
  response.flushHeaders();
  const idle = setTimeout(() => response.end(), idleMs);
  let over = false;
  response.once('close', () => {
    over = true;
    clearTimeout(idle);
    onEnd();
  });
  return {
    get over() {
      return over || response.writableEnded;
    },
    write(object) {
      if (over || response.writableEnded) return;
      idle.refresh();
      response.write(`${JSON.stringify(object)}\n`);
      if (response.writableLength > MOST_BEHIND) response.destroy();
    },
  };
}
