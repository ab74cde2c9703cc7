import type { Socket } from 'node:net';

/** The preface of HTTP/2 as far as it looks like a head of HTTP/1.1 (RFC 9113 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\n');

/** @param bytes the first of a connection, at least a whole head of HTTP/1.1 */
export function beginsHttp2(bytes: Buffer): boolean {
  return bytes.length >= PREFACE.length && PREFACE.equals(bytes.subarray(0, PREFACE.length));
}

/** Reads until it is clear whether a connection begins with the preface of HTTP/2; a silent one is closed. */
export function firstBytes(socket: Socket, timeoutMs: number, then: (bytes: Buffer) => void): void {
  let bytes = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), timeoutMs);
  const onClose = (): void => clearTimeout(timer);
  const onError = (): void => undefined;
  const onEnd = (): void => void socket.destroy();
  const onData = (piece: Buffer): void => {
    bytes = Buffer.concat([bytes, piece]);
    const known = Math.min(bytes.length, PREFACE.length);
    const undecided = known < PREFACE.length && PREFACE.subarray(0, known).equals(bytes);
    if (undecided) return;
    clearTimeout(timer);
    socket.off('data', onData).off('close', onClose).off('error', onError).off('end', onEnd);
    then(bytes);
  };
  socket.on('data', onData).on('close', onClose).on('error', onError).on('end', onEnd);
}
