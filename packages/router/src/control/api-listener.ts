import { createServer, type RequestListener } from 'node:http';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ApiListener {
  readonly socketPath: string;
  /** Lets requests in flight end, at most `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** Longer than a worker keeps an idle connection, so that the worker is the one that closes. */
const KEEP_ALIVE_MS = 60_000;

/** Serves the API on a socket in a directory that only this user can enter, and that goes with the process. */
export async function listenForApi(api: RequestListener): Promise<ApiListener> {
  const directory = await mkdtemp(join(tmpdir(), 'waiter-router-'));
  const socketPath = join(directory, 'api.sock');
  const remove = (): void => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  // Nothing but our workers speaks here; they have checked the requests.
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0, maxHeaderSize: 131_072 },
    api,
  );
  server.maxHeadersCount = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  return {
    socketPath,
    async close(graceMs) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
      process.off('exit', remove);
      remove();
    },
  };
}
