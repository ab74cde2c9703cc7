import type { Instance, InstanceId } from '@waiter/core';

const KEPT_FAILED = 10;
const KEPT_KILLED = 12;
const REMEMBERED_IDS = 200;

/** Ids that came and went, the newest few: enough to recognise them in a list that is older than their end. */
class RecentIds {
  private readonly ids = new Set<InstanceId>();

  add(id: InstanceId): void {
    this.ids.delete(id);
    this.ids.add(id);
    for (const oldest of this.ids) {
      if (this.ids.size <= REMEMBERED_IDS) break;
      this.ids.delete(oldest);
    }
  }

  has(id: InstanceId): boolean {
    return this.ids.has(id);
  }
}

/** Instances that are gone: the failed ones tell why a service does not start, the killed ones are no failures. */
export class Departed {
  private failures: { readonly instance: Instance; readonly atMs: number }[] = [];
  private killedNewestFirst: Instance[] = [];
  private readonly ended = new RecentIds();
  /** Killed by us, or failures of a former life of the service. */
  private readonly pardoned = new RecentIds();

  hasEnded(id: InstanceId): boolean {
    return this.ended.has(id);
  }

  end(id: InstanceId): void {
    this.ended.add(id);
  }

  isPardoned(id: InstanceId): boolean {
    return this.pardoned.has(id);
  }

  /** Adds a failure, or what is newly known of one. @param atMs when it was learned, wall clock */
  fail(instance: Instance, atMs: number): void {
    if (this.pardoned.has(instance.id)) return;
    const known = this.failures.find((failure) => failure.instance.id === instance.id);
    const merged = known && {
      ...known.instance,
      flags: [...new Set([...known.instance.flags, ...instance.flags])].sort(),
      exitCode: known.instance.exitCode ?? instance.exitCode,
      message: known.instance.message ?? instance.message,
    };
    const others = this.failures.filter((failure) => failure !== known);
    this.failures = [...others, { instance: merged ?? instance, atMs: known?.atMs ?? atMs }]
      .sort((a, b) => a.atMs - b.atMs)
      .slice(-KEPT_FAILED);
  }

  kill(instance: Instance): void {
    this.pardoned.add(instance.id);
    this.failures = this.failures.filter((failure) => failure.instance.id !== instance.id);
    const others = this.killedNewestFirst.filter(({ id }) => id !== instance.id);
    this.killedNewestFirst = [instance, ...others].slice(0, KEPT_KILLED);
  }

  /** The service starts a new life: what failed before says nothing of it. */
  forgetFailures(): void {
    for (const { instance } of this.failures) this.pardoned.add(instance.id);
    this.failures = [];
  }

  /** Failures learned at or after `sinceMs`, oldest first. */
  failedSince(sinceMs: number): readonly Instance[] {
    return this.failures.filter(({ atMs }) => atMs >= sinceMs).map(({ instance }) => instance);
  }

  get failed(): readonly Instance[] {
    return this.failures.map(({ instance }) => instance);
  }

  get killed(): readonly Instance[] {
    return this.killedNewestFirst;
  }

  /** Takes over what a former leader published. */
  restore(failed: readonly Instance[], killed: readonly Instance[], atMs: number): void {
    this.killedNewestFirst = [...killed];
    for (const { id } of killed) this.pardoned.add(id);
    for (const instance of failed) this.fail(instance, atMs);
  }
}
