import type { ServerResponse } from 'node:http';

/**
 * Ends a response that cannot be completed, so that the client sees that something is missing: no final chunk, or fewer
 * bytes than announced. What was received before the break is sent; a client that does not read it is given up.
 */
export function breakOff(response: ServerResponse, streamingTimeoutMs: number): void {
  const { socket } = response;
  if (socket === null || socket.destroyed) return;
  const timer = setTimeout(() => socket.destroy(), streamingTimeoutMs);
  socket.once('close', () => clearTimeout(timer));
  socket.destroySoon();
}
