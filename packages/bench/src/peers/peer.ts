import { freePort, startProcess, type RunningProcess } from '@waiter/testkit';
import type { Proxy } from '../stage/stage';

/** What the router is compared to. */
export interface Peer {
  readonly name: string;
  /** The command that proxies from `port` to the instances, in the foreground. */
  command(port: number, instances: readonly number[], directory: string): readonly string[];
}

export interface RunningPeer extends Proxy {
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

export async function startPeer(
  peer: Peer,
  instances: readonly number[],
  directory: string,
): Promise<RunningPeer> {
  const port = await freePort();
  const [command = '', ...args] = peer.command(port, instances, directory);
  const url = `http://${HOST}:${port}`;
  const running: RunningProcess = await startProcess({
    name: peer.name,
    command,
    args,
    ready: async () => (await fetch(`${url}/`)).status === 200,
  });
  return { name: peer.name, url, pid: running.pid, stop: () => running.stop() };
}
