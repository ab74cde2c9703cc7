import { Socket } from 'node:net';

/** What a socket of node has inside; the only place that knows of it. */
interface Inside {
  _handle: { reading: boolean; readStop?(): number; useUserBuffer?(buffer: Uint8Array): void } | null;
  _server?: unknown;
  server?: unknown;
}

export interface OnRead {
  /** Called before the first read and after each one: what the next read goes into. */
  buffer(): Uint8Array;
  callback(length: number, bytes: Uint8Array): boolean;
}

/**
 * Moves an accepted connection to a new socket that reads into given buffers (`onread`, which node offers only where it
 * connects). The old one must have nothing to write and nothing read that was not told.
 * @returns null when this node does not allow it, and nothing has happened then
 */
export function rewrap(socket: Socket, onread: OnRead): Socket | null {
  const old = socket as unknown as Inside;
  const handle = old._handle;
  if (handle === null || typeof handle !== 'object') return null;
  if (typeof handle.readStop !== 'function' || typeof handle.useUserBuffer !== 'function') return null;
  handle.reading = false;
  handle.readStop();
  old._handle = null;
  const options = { handle, allowHalfOpen: true, onread };
  const fresh = new Socket(options as unknown as ConstructorParameters<typeof Socket>[0]);
  // The listening server counts its connections by this.
  const inside = fresh as unknown as Inside;
  inside._server = old._server;
  inside.server = old.server;
  old._server = null;
  // Whoever else watches over the connection goes on doing so.
  fresh.once('close', (failed) => socket.emit('close', failed));
  socket.destroy = (error) => {
    fresh.destroy(error);
    return socket;
  };
  return fresh;
}
