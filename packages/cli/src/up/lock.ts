import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../usage-error';
import { endProcess, identify, isAlive, type ProcessIdentity } from './process-identity';

interface State {
  readonly owner: ProcessIdentity;
  /** What the owner started, in the order in which it is to be stopped. */
  readonly children: readonly (ProcessIdentity & { readonly name: string })[];
}

/** Roles of a dead owner end by themselves, instances included; this is how long they may take. */
const LEFTOVER_GRACE_MS = 10_000;

/**
 * One `waiter up` per data directory. `up.json` names its processes, so that the next one can end what a killed one
 * left behind.
 */
export class DataDirectoryLock {
  private readonly file: string;
  private children: State['children'] = [];

  private constructor(directory: string) {
    this.file = join(directory, 'up.json');
  }

  /** @throws UsageError while another `waiter up` runs on the directory */
  static async take(directory: string): Promise<DataDirectoryLock> {
    mkdirSync(directory, { recursive: true });
    const lock = new DataDirectoryLock(directory);
    const before = lock.read();
    if (before !== null && before.owner.pid !== process.pid && isAlive(before.owner)) {
      throw new UsageError(
        `another "waiter up" (process ${before.owner.pid}) uses ${directory}: stop it, or choose another --data-dir`,
      );
    }
    for (const child of before?.children ?? []) await endProcess(child, LEFTOVER_GRACE_MS);
    lock.write();
    return lock;
  }

  /** Notes a process that was started; to be ended before the ones noted so far. */
  add(name: string, pid: number): void {
    const identity = identify(pid);
    if (identity === null) return;
    this.children = [{ name, ...identity }, ...this.children];
    this.write();
  }

  release(): void {
    rmSync(this.file, { force: true });
  }

  private read(): State | null {
    try {
      return JSON.parse(readFileSync(this.file, 'utf8')) as State;
    } catch {
      return null;
    }
  }

  private write(): void {
    const owner = identify(process.pid);
    if (owner === null) return;
    writeFileSync(this.file, JSON.stringify({ owner, children: this.children } satisfies State, null, 2));
  }
}
