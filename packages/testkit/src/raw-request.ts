import { connect } from 'node:net';
import { sleep } from './wait-for';

export interface RawRequestOptions {
  /** Default 2 000. */
  readonly timeoutMs?: number;
  /** Answer early when what came back matches, instead of waiting for a keep-alive connection to be closed. */
  readonly until?: RegExp;
  /** Pause between two pieces, in milliseconds; default 10. */
  readonly pauseMs?: number;
}

export interface RawResponse {
  /** Latin-1, so that one character is one byte. */
  readonly text: string;
  /** `closed`: the peer ended the connection; `reset`: it broke off; `deadline`, `matched`: still open. */
  readonly ended: 'closed' | 'reset' | 'deadline' | 'matched';
}

type Bytes = string | Uint8Array;

/**
 * Sends bytes (strings as Latin-1) to 127.0.0.1:`port` exactly as given; an array in several packets. Does not
 * half-close its side.
 * @returns what came back until the peer closed, `until` matched or the time was over
 * @throws Error if the connection is refused
 */
export function rawRequest(
  port: number,
  bytes: Bytes | readonly Bytes[],
  { timeoutMs = 2_000, until, pauseMs = 10 }: RawRequestOptions = {},
): Promise<RawResponse> {
  const pieces = typeof bytes === 'string' || bytes instanceof Uint8Array ? [bytes] : bytes;
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => finish('deadline'), timeoutMs);
    const finish = (ended: RawResponse['ended']): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, ended });
    };
    socket.setNoDelay(true).setEncoding('latin1');
    socket.once('connect', async () => {
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) await sleep(pauseMs);
        if (!socket.writable) return;
        socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
      }
    });
    socket.on('data', (piece: string) => {
      text += piece;
      if (until?.test(text)) finish('matched');
    });
    socket.once('end', () => finish('closed'));
    socket.once('close', () => finish('reset'));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') {
        clearTimeout(timer);
        reject(error);
      }
    });
  });
}
