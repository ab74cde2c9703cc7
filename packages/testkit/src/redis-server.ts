import { connect } from 'node:net';
import { freePort } from './free-port';
import { startProcess, type RunningProcess } from './running-process';
import { temporaryDirectory } from './temporary-directory';

export interface RedisOptions {
  /** Data directory; kept. Without one a temporary directory is made and removed by `stop`. */
  readonly dir?: string;
  readonly port?: number;
  /** Append-only file with appendfsync everysec; default false. */
  readonly appendonly?: boolean;
  /** More redis-server arguments, such as `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[];
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  /** Of the newest start. */
  readonly pid: number;
  /** SIGTERM; removes the directory unless it was given. */
  stop(): Promise<void>;
  /** SIGKILL, and waits for the end. The data stays for `restart`. */
  kill(): Promise<void>;
  /** Starts it again on the same port and directory, after ending it if it still runs. */
  restart(): Promise<void>;
}

const INSTALL =
  'install it (Debian, Ubuntu: apt-get install redis-server; Alpine: apk add redis; Fedora: dnf install redis; ' +
  'macOS: brew install redis) or run scripts/ensure-redis.sh';

/**
 * Starts the redis-server of PATH on 127.0.0.1, without snapshots and with noeviction, and waits until it answers PING.
 * @throws Error that says what to install if there is no redis-server
 */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const own = options.dir === undefined ? await temporaryDirectory('waiter-redis') : undefined;
  const dir = own?.path ?? options.dir ?? '.';
  let started: { port: number; process: RunningProcess };
  try {
    started = await startOnFreePort(dir, options);
  } catch (error) {
    await own?.remove();
    throw error;
  }
  const { port } = started;
  let server = started.process;
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return server.pid;
    },
    async stop() {
      await server.stop();
      await own?.remove();
    },
    kill: () => server.kill(),
    async restart() {
      await server.stop();
      server = await start(dir, port, options);
    },
  };
}

/** Between `freePort` and redis-server's bind another process may take the port: then another port is tried. */
async function startOnFreePort(
  dir: string,
  options: RedisOptions,
): Promise<{ port: number; process: RunningProcess }> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    try {
      return { port, process: await start(dir, port, options) };
    } catch (error) {
      const taken = /address already in use/i.test((error as Error).message);
      if (options.port !== undefined || !taken || attempt === 5) throw error;
    }
  }
}

async function start(dir: string, port: number, options: RedisOptions): Promise<RunningProcess> {
  const flags = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', dir, '--save', '', '--daemonize', 'no'];
  const memory = ['--maxmemory-policy', 'noeviction'];
  const aof = options.appendonly
    ? ['--appendonly', 'yes', '--appendfsync', 'everysec']
    : ['--appendonly', 'no'];
  try {
    return await startProcess({
      name: 'redis-server',
      command: 'redis-server',
      args: [...flags, ...memory, ...aof, ...(options.args ?? [])],
      ready: () => answersPing(port),
    });
  } catch (error) {
    const cause = (error as { cause?: NodeJS.ErrnoException }).cause;
    // No instanceof: under jest the errors of node itself come from another realm.
    const missing = cause?.code === 'ENOENT' && cause.syscall === 'spawn redis-server';
    throw missing ? new Error(`redis-server is not on PATH: ${INSTALL}`, { cause }) : error;
  }
}

/** False while it does not listen and while it still loads its append-only file ("-LOADING"). */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const answer = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.once('data', (reply) => answer(reply.toString().startsWith('+PONG')));
    socket.once('error', () => answer(false));
    socket.once('close', () => answer(false));
  });
}
