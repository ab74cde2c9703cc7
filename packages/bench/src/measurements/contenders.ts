import { join } from 'node:path';
import { startProcess, type RunningProcess } from '@waiter/testkit';
import { canPin, MEASURED_CORE, OTHER_CORE, pin } from '../cluster/cores';
import { PEERS, startPeer, type PeerName } from '../peers';
import { withClusterStage } from '../stage/cluster-stage';
import { protocolOf, type InstanceKind } from '../stage/instances';
import { TOKEN, type Proxy, type Stage } from '../stage/stage';
import { withWorkerStage } from '../stage/worker-stage';

export interface Contender extends Proxy {
  /** null: it has no Redis. */
  readonly redisPort: number | null;
}

export interface Arena {
  /** The router first, then its peers, all in front of the same instances. */
  readonly contenders: readonly Contender[];
  readonly stage: Stage;
  /** Where load is to run; null: nothing is bound to cores here. */
  readonly core: number | null;
  /** Says how it is set up, for the head of a report. */
  readonly words: string;
}

export interface ArenaOptions {
  /** The whole cluster, or a worker alone. */
  readonly stage: 'cluster' | 'worker';
  readonly peers: readonly PeerName[];
}

/** The router and its peers, bound to one core, everything else to another. */
export function withContenders<T>(
  kind: InstanceKind,
  options: ArenaOptions,
  work: (arena: Arena) => Promise<T>,
): Promise<T> {
  const withStage = options.stage === 'cluster' ? withClusterStage : withWorkerStage;
  return withStage(kind, async (stage: Stage) => {
    const running: { stop(): Promise<unknown> }[] = [];
    try {
      const contenders: Contender[] = [{ ...stage.router, redisPort: stage.redisPort }];
      const { ports: instances, directory } = stage;
      for (const name of options.peers) {
        const peer = { instances, directory, protocol: protocolOf(kind), workers: 1 };
        const started = await startPeer(PEERS[name], peer);
        running.push(started);
        contenders.push({ ...started, redisPort: null });
      }
      const pinned = canPin();
      if (pinned) {
        pin(
          contenders.map(({ pid }) => pid),
          MEASURED_CORE,
        );
        pin(stage.otherPids, OTHER_CORE);
      }
      const where = pinned ? 'proxies on one core, everything else on the other' : 'not bound to cores';
      return await work({
        contenders,
        stage,
        core: pinned ? OTHER_CORE : null,
        words: `${instances.length} instances; ${where}`,
      });
    } finally {
      for (const one of running.reverse()) await one.stop();
    }
  });
}

/** Opens connections, each with one request, that stay open until `stop`. */
export function holdIdle(url: string, count: number): Promise<RunningProcess> {
  return startProcess({
    name: 'idle connections',
    command: process.execPath,
    args: [join(__dirname, '..', 'programs', 'idle-connections.js'), new URL(url).port, String(count), TOKEN],
    ready: /^idle$/m,
  });
}
