import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { UsageError } from '../usage-error';
import { startProgram, type Child } from './child';

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Does a Redis on this port answer, with its data loaded? */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const end = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.setTimeout(500, () => end(false));
    socket.once('data', (data) => end(data.toString('latin1').startsWith('+PONG')));
    socket.once('error', () => end(false));
  });
}

/**
 * Starts a redis-server of our own: loopback only, append-only file under the data directory, no eviction. Tokens
 * survive a restart of the cluster.
 * @throws UsageError that says what to install
 */
export async function startOwnRedis(
  dataDir: string,
  logFile: string,
): Promise<{ child: Child; url: string }> {
  if (spawnSync('redis-server', ['--version']).error !== undefined) {
    throw new UsageError(
      'no redis-server on the PATH: install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install ' +
        'redis), or name a running one with --redis redis://host:6379',
    );
  }
  const directory = join(dataDir, 'redis');
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const settings: Record<string, string> = {
    port: String(port),
    bind: '127.0.0.1',
    dir: directory,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    'maxmemory-policy': 'noeviction',
  };
  const child = await startProgram(
    'redis-server',
    'redis-server',
    Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
    logFile,
    () => answers(port),
  );
  return { child, url: `redis://127.0.0.1:${port}` };
}
