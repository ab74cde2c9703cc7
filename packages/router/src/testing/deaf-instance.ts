import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface DeafInstance {
  readonly port: number;
  close(): void;
}

const PROGRAM = `
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;
/** Longer than it takes to connect to anything that listens here. */
const DEAF_MS = 500;

/**
 * An address to which a connection can only be tried: it listens, but its process is stopped and its backlog is full, so the
 * system answers no further SYN.
 */
export async function startDeafInstance(): Promise<DeafInstance> {
  const child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  child.kill('SIGSTOP');
  const fillers: Socket[] = [];
  for (let connected = true; connected;) {
    const socket = connect(Number(port), '127.0.0.1');
    fillers.push(socket);
    socket.on('error', () => undefined);
    await Promise.race([once(socket, 'connect'), sleep(DEAF_MS)]);
    // This process may have been the one that slept.
    await new Promise((resolve) => setImmediate(resolve));
    connected = !socket.connecting;
  }
  return {
    port: Number(port),
    close: () => {
      for (const socket of fillers) socket.destroy();
      child.kill('SIGKILL');
    },
  };
}
