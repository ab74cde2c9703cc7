import { sleep } from '@waiter/testkit';
import type { Cluster } from '../cluster/cluster';
import { cpuSeconds } from '../cluster/cpu-time';
import { residentMiB } from '../cluster/memory';
import {
  bytesMoved,
  callsBetween,
  commandCounts,
  totalOf,
  type CommandCounts,
} from '../measurements/redis-stats';
import { scalerCounts, ticksWithin } from './scaler-metrics';

/** What a cluster did in a period. */
export interface Observed {
  readonly ticks: number;
  readonly tickMeanMs: number;
  readonly tickWithinMs: number;
  /** Share of a core by process. */
  readonly cpu: Readonly<Record<string, number>>;
  /** Resident, MiB, at the end. */
  readonly memory: Readonly<Record<string, number>>;
  readonly calls: CommandCounts;
  readonly commands: number;
  readonly bytes: { readonly read: number; readonly written: number };
}

interface Moment {
  readonly scaler: Awaited<ReturnType<typeof scalerCounts>>;
  readonly calls: CommandCounts;
  readonly bytes: { readonly read: number; readonly written: number };
  readonly cpu: ReadonlyMap<string, number>;
}

/** Lets it run for so long and tells what it did meanwhile. */
export async function observe(cluster: Cluster, seconds: number): Promise<Observed> {
  const before = await moment(cluster);
  await sleep(seconds * 1000);
  const after = await moment(cluster);
  const calls = callsBetween(before.calls, after.calls);
  const ticks = after.scaler.ticks - before.scaler.ticks;
  return {
    ticks,
    tickMeanMs: ((after.scaler.tickSeconds - before.scaler.tickSeconds) / ticks) * 1000,
    tickWithinMs: ticksWithin(before.scaler, after.scaler, 0.95),
    cpu: mapPids(cluster, (_, who) => ((after.cpu.get(who) ?? NaN) - (before.cpu.get(who) ?? NaN)) / seconds),
    memory: mapPids(cluster, residentMiB),
    calls,
    commands: totalOf(calls),
    bytes: {
      read: after.bytes.read - before.bytes.read,
      written: after.bytes.written - before.bytes.written,
    },
  };
}

async function moment(cluster: Cluster): Promise<Moment> {
  const { port } = cluster.redis;
  const [scaler, calls, bytes] = await Promise.all([
    scalerCounts(cluster),
    commandCounts(port),
    bytesMoved(port),
  ]);
  return { scaler, calls, bytes, cpu: new Map(Object.entries(mapPids(cluster, cpuSeconds))) };
}

function mapPids<T>(cluster: Cluster, of: (pid: number, who: string) => T): Record<string, T> {
  const pids = {
    'the scaler': cluster.scalerPid,
    Redis: cluster.redis.pid,
    'the router (control process and worker)': cluster.routerPid,
  };
  return Object.fromEntries(Object.entries(pids).map(([who, pid]) => [who, of(pid, who)]));
}
