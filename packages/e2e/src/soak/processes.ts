import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { descendants, sleep } from '@waiter/testkit';
import type { Fleet } from '../fleet';

/** What one process holds at one moment. */
export interface Holdings {
  readonly residentMiB: number;
  readonly sockets: number;
  readonly files: number;
}

/** Everything that a process of the fleet was seen to hold, in the order of time. */
export type Series = Map<string, Holdings[]>;

/**
 * Environment of processes whose memory is sampled: they collect garbage when they are told to, and what is resident then is
 * what they hold. By themselves they may wait with it for longer than a soak takes.
 */
export const COLLECTING = {
  NODE_OPTIONS: `--expose-gc --require=${join(__dirname, 'collect-on-signal.js')}`,
};
const COLLECT_MS = 500;

const PAGE_BYTES = 4_096;
const MIB = 1_048_576;

/** The roles that stay for the whole soak, by name; a router's workers on their own. */
function lasting(fleet: Fleet): Map<string, number> {
  const found = new Map<string, number>([['mini-marathon', fleet.marathon.process.pid]]);
  for (const { name, process } of fleet.routers) {
    found.set(`${name} control`, process.pid);
    descendants(process.pid).forEach((pid, index) => found.set(`${name} worker ${index + 1}`, pid));
  }
  return found;
}

/** Linux only. A process that ended meanwhile is left out. */
export async function sample(fleet: Fleet, series: Series): Promise<void> {
  const processes = lasting(fleet);
  for (const pid of processes.values()) signal(pid);
  await sleep(COLLECT_MS);
  for (const [name, pid] of processes) {
    const holdings = holdingsOf(pid);
    if (holdings === null) continue;
    const before = series.get(name);
    if (before === undefined) series.set(name, [holdings]);
    else before.push(holdings);
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGUSR2');
  } catch {
    // It ended meanwhile.
  }
}

function holdingsOf(pid: number): Holdings | null {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    const links = readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
    const sockets = links.filter((link) => link.startsWith('socket:')).length;
    return { residentMiB: (pages * PAGE_BYTES) / MIB, sockets, files: links.length - sockets };
  } catch {
    return null;
  }
}

/** A descriptor may be closed while it is being looked at. */
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
