import type { Clock } from '@waiter/core';
import type { AppDefinition } from '../apps/definition';
import { portCount } from '../apps/definition';
import type { HostPorts } from '../tasks/host-ports';
import type { Task } from '../tasks/task';
import type { TaskRunner } from '../tasks/task-runner';
import type { Backoff } from './launch-backoff';
import { afterFailure, waitMs } from './launch-backoff';

/** Instances of an app that still have to be launched. */
export interface QueueEntry {
  readonly app: AppDefinition;
  readonly count: number;
  readonly sinceMs: number;
  /** Until the launch backoff allows the next; 0: nothing but a free port is missing. */
  readonly waitMs: number;
}

interface Waiting {
  readonly app: AppDefinition;
  readonly count: number;
  readonly sinceMs: number;
  timer: NodeJS.Timeout | undefined;
}

/** Another try where every port of the range is taken, or `requirePorts` asks for one that a task of ours still has. */
const PORT_RETRY_MS = 100;

/** Launches what is asked for as soon as launch backoff and host ports allow; what has to wait is the queue. */
export class LaunchQueue {
  private readonly waiting = new Map<string, Waiting>();
  private readonly backoffs = new Map<string, { config: string; backoff: Backoff }>();
  private closed = false;

  /** @param retry is called when waiting is over; it asks again with the count of then */
  constructor(
    private readonly runner: TaskRunner,
    private readonly ports: HostPorts,
    private readonly clock: Clock,
    private readonly retry: (appId: string) => void,
  ) {}

  /** `count` more tasks of the app are wanted: in place of what was asked for before. */
  request(app: AppDefinition, count: number): void {
    const sinceMs = this.waiting.get(app.id)?.sinceMs ?? this.clock.now();
    this.forget(app.id);
    if (this.closed) return;
    for (let left = count; left > 0; left--) {
      const delayMs = this.delayMs(app);
      if (delayMs === 0 && this.runner.launch(app) !== undefined) continue;
      const entry: Waiting = { app, count: left, sinceMs, timer: undefined };
      this.waiting.set(app.id, entry);
      if (delayMs === 0 && !app.requirePorts) this.waitForPorts(entry);
      else this.retryIn(entry, delayMs === 0 ? PORT_RETRY_MS : delayMs);
      return;
    }
  }

  /** A task ended by itself. */
  taskFailed(task: Task): void {
    const config = configOf(task.app);
    const known = this.backoffs.get(task.appId);
    // A failure of an older config must not delay the newer one.
    if (known !== undefined && known.config > config) return;
    const before = known?.config === config ? known.backoff : undefined;
    this.backoffs.set(task.appId, {
      config,
      backoff: afterFailure(before, task.app, this.clock.monotonic()),
    });
  }

  /** @returns false where nothing of that app is queued */
  resetDelay(appId: string): boolean {
    if (!this.waiting.has(appId)) return false;
    this.backoffs.delete(appId);
    this.retry(appId);
    return true;
  }

  /** The app is gone: nothing more to launch, and its failures are forgotten. */
  drop(appId: string): void {
    this.forget(appId);
    this.backoffs.delete(appId);
  }

  entries(): QueueEntry[] {
    return [...this.waiting.values()].map(({ app, count, sinceMs }) => {
      return { app, count, sinceMs, waitMs: this.delayMs(app) };
    });
  }

  close(): void {
    this.closed = true;
    for (const appId of [...this.waiting.keys()]) this.forget(appId);
  }

  private delayMs(app: AppDefinition): number {
    const known = this.backoffs.get(app.id);
    return known?.config === configOf(app) ? waitMs(known.backoff, this.clock.monotonic()) : 0;
  }

  private retryIn(entry: Waiting, delayMs: number): void {
    entry.timer = setTimeout(() => this.retry(entry.app.id), Math.ceil(delayMs));
  }

  private waitForPorts(entry: Waiting): void {
    const each = portCount(entry.app);
    void this.ports.refill(each * entry.count).then((ready) => {
      if (this.waiting.get(entry.app.id) !== entry) return;
      if (ready >= each) this.retry(entry.app.id);
      else this.retryIn(entry, PORT_RETRY_MS);
    });
  }

  private forget(appId: string): void {
    clearTimeout(this.waiting.get(appId)?.timer);
    this.waiting.delete(appId);
  }
}

const configOf = (app: AppDefinition): string => app.versionInfo.lastConfigChangeAt;
