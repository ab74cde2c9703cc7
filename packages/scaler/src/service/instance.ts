import type { Instance, InstanceFlag } from '@waiter/core';
import type { PublishedInstance } from '@waiter/store';
import type { CheckResult } from '../health/check';

/** On its way out: closed to new requests, and killed once it serves none. */
export interface Drain {
  /** Monotonic. */
  readonly startedAtMs: number;
  /** The same as wall clock, which the next leader can read. */
  readonly sinceMs: number;
  /** Set while the scheduler is being asked; from then on there is no way back. */
  killing: boolean;
  /** Next attempt after one that failed, monotonic. */
  retryAtMs: number;
  refusals: number;
  /** Monotonic, of the first refusal; null while the scheduler has not refused. */
  refusedSinceMs: number | null;
}

/** So long an instance stays after an operator expired it: time to find it among the active ones (spec: cli-contract 3). */
const KEPT_EXPIRED_MS = 5_000;

/** One active instance: what the scheduler says of it, what probing says, and what is to become of it. */
export class TrackedInstance {
  healthy: boolean;
  /** `killed`: the scheduler was told, and lists it until it is gone. */
  fate: 'open' | 'draining' | 'killed' = 'open';
  drain: Drain | null = null;
  everHealthy: boolean;
  /** An operator wants it replaced. */
  markedExpired: boolean;
  /** Its requests fail, time after time. */
  keepsFailing = false;
  /** Wall clock: scaling does not stop it before. */
  private keptUntilMs = 0;
  /** Failed checks in a row. */
  failedChecks = 0;
  healthCheckStatus: number | null;
  private readonly flags: Set<InstanceFlag>;

  constructor(
    public instance: Instance,
    /** When it was last heard of, monotonic milliseconds. */
    public seenAtMs: number,
  ) {
    this.healthy = instance.healthy;
    this.everHealthy = instance.healthy;
    this.markedExpired = instance.flags.includes('expired');
    this.healthCheckStatus = instance.healthCheckStatus;
    this.flags = new Set(instance.flags);
  }

  get id(): string {
    return this.instance.id;
  }

  /** True while the scheduler's own checks pass: then ours are not needed. */
  get confirmed(): boolean {
    return this.instance.healthy;
  }

  /**
   * Takes over what the scheduler lists. Its `healthy: false` means "not checked yet" as well; only a change from true
   * is news.
   */
  update(instance: Instance, nowMs: number): void {
    const turnedBad = this.instance.healthy && !instance.healthy;
    this.instance = instance;
    this.seenAtMs = nowMs;
    for (const flag of instance.flags) this.flags.add(flag);
    if (instance.healthy) this.becomeHealthy();
    else if (turnedBad) this.healthy = false;
  }

  /** The scheduler checked it just now. */
  reportHealth(healthy: boolean): void {
    this.instance = { ...this.instance, healthy };
    if (healthy) this.becomeHealthy();
    else this.healthy = false;
  }

  /** @param tolerated failed checks in a row that a serving instance survives */
  noteCheck(result: CheckResult, tolerated: number): void {
    if (result.healthy) {
      this.becomeHealthy();
      return;
    }
    this.failedChecks++;
    this.healthCheckStatus = result.status;
    for (const flag of result.flags) this.flags.add(flag);
    if (this.failedChecks >= tolerated) this.healthy = false;
  }

  private becomeHealthy(): void {
    this.healthy = true;
    this.everHealthy = true;
    this.failedChecks = 0;
    this.healthCheckStatus = null;
  }

  /** @param startedAtMs monotonic @param sinceMs the same moment, wall clock */
  startDrain(startedAtMs: number, sinceMs: number): void {
    this.fate = 'draining';
    this.drain = { startedAtMs, sinceMs, killing: false, retryAtMs: 0, refusals: 0, refusedSinceMs: null };
  }

  /** @returns false when the scheduler is being told already */
  reopen(): boolean {
    if (this.fate !== 'draining' || this.drain?.killing === true) return false;
    this.fate = 'open';
    this.drain = null;
    return true;
  }

  /** An operator wants it replaced, from now on. */
  expire(wallMs: number): void {
    this.markedExpired = true;
    this.keptUntilMs = wallMs + KEPT_EXPIRED_MS;
  }

  isKept(wallMs: number): boolean {
    return wallMs < this.keptUntilMs;
  }

  isExpired(expiryMs: number, wallMs: number): boolean {
    const { flags, startedAtMs } = this.instance;
    return (
      this.markedExpired ||
      this.keepsFailing ||
      flags.includes('expired') ||
      (expiryMs > 0 && startedAtMs !== null && wallMs - startedAtMs > expiryMs)
    );
  }

  /** As others see it; flags only matter while it does not serve. */
  view(expired: boolean): Instance {
    const flags = new Set(this.healthy ? [] : this.flags);
    if (expired) flags.add('expired');
    return {
      ...this.instance,
      healthy: this.healthy,
      flags: [...flags].sort(),
      healthCheckStatus: this.healthCheckStatus,
    };
  }

  published(expired: boolean): PublishedInstance {
    const { drain } = this;
    const view = this.view(expired);
    return drain === null
      ? { ...view, draining: false }
      : { ...view, draining: true, drainingSinceMs: drain.sinceMs };
  }

  /** What it leaves when it ended badly: the scheduler's words and everything that checks found out. */
  failure(reported: Instance | null, neverPassed: boolean): Instance {
    const flags = new Set<InstanceFlag>([...this.flags, ...(reported?.flags ?? [])]);
    if (neverPassed) flags.add('never-passed-health-checks');
    return {
      ...(reported ?? this.instance),
      healthy: false,
      flags: [...flags].sort(),
      healthCheckStatus: this.healthCheckStatus ?? reported?.healthCheckStatus ?? null,
    };
  }
}
