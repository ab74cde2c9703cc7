import { connect } from 'node:net';

/** Moments of one request, epoch milliseconds with a fraction: comparable between processes of one machine. */
export interface Exchange {
  readonly sentAt: number;
  readonly firstByteAt: number;
  readonly status: number;
  /** Status line and headers. */
  readonly head: string;
}

export function now(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Sends one request on a connection that is open already, so that what is measured begins with the request.
 * @throws Error when no whole response head comes within `timeoutMs`
 */
export function ask(
  port: number,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<Exchange> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const timer = setTimeout(
      () => finish(() => reject(new Error(`no answer in ${timeoutMs} ms`))),
      timeoutMs,
    );
    let sentAt = 0;
    let firstByteAt = 0;
    let received = '';
    socket.once('connect', () => {
      sentAt = now();
      socket.write(`GET / HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${lines.join('')}\r\n`);
    });
    socket.on('data', (piece) => {
      if (firstByteAt === 0) firstByteAt = now();
      received += piece.toString('latin1');
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const status = Number(received.split(' ', 2)[1]);
      finish(() => resolve({ sentAt, firstByteAt, status, head: received.slice(0, end) }));
    });
    socket.once('error', (error) => finish(() => reject(error)));
    socket.once('end', () => finish(() => reject(new Error(`closed without an answer: ${received}`))));
  });
}
