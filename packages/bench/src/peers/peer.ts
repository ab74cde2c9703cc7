import { freePort, startProcess, type RunningProcess } from '@waiter/testkit';
import type { Protocol } from '../stage/instances';
import { listens } from '../stage/listens';
import type { Proxy } from '../stage/stage';

export interface PeerOptions {
  readonly port: number;
  /** Their ports. */
  readonly instances: readonly number[];
  /** For files. */
  readonly directory: string;
  readonly protocol: Protocol;
  /** Processes, or threads. */
  readonly workers: number;
}

/** What the router is compared to. */
export interface Peer {
  readonly name: string;
  /** The command that proxies from `port` to the instances, in the foreground. */
  command(options: PeerOptions): readonly string[];
}

export interface RunningPeer extends Proxy {
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';

export async function startPeer(peer: Peer, options: Omit<PeerOptions, 'port'>): Promise<RunningPeer> {
  const port = await freePort();
  const [command = '', ...args] = peer.command({ ...options, port });
  const url = `http://${HOST}:${port}`;
  const running: RunningProcess = await startProcess({
    name: peer.name,
    command,
    args,
    ready: () => listens(port),
  });
  return { name: peer.name, url, pid: running.pid, stop: () => running.stop() };
}
