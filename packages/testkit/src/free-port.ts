import { createServer } from 'node:net';

/**
 * A port of 127.0.0.1 that nobody listens on right now. Another process may still take it before the caller does, so
 * prefer port 0 where the server can say which port it got.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('no TCP address'));
      server.close(() => resolve(address.port));
    });
  });
}
