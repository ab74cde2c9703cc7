import { createWriteStream } from 'node:fs';
import type { Exchange } from './exchange';
import type { LogOutput } from './options';

/** Writes one line of JSON per request when its response is over; without an output, nothing. */
export function requestLog(output: LogOutput | undefined): (exchange: Exchange) => void {
  if (output === undefined) return () => undefined;
  const stream = output === 'file' ? createWriteStream('kitchen.log', { flags: 'a' }) : process[output];
  return (exchange) => {
    const began = performance.now();
    exchange.response.once('close', () => {
      const { method, path, cid, bodyLength, response } = exchange;
      const line = {
        event: 'request',
        at: Date.now(),
        method,
        path,
        cid,
        status: response.statusCode,
        bodyLength,
      };
      const ms = Math.round((performance.now() - began) * 1000) / 1000;
      stream.write(`${JSON.stringify({ ...line, complete: response.writableFinished, ms })}\n`);
    });
  };
}
