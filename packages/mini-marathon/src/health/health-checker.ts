import type { Clock } from '@waiter/core';
import type { HealthCheck } from '../apps/definition';
import type { HealthState } from './health-state';
import { afterProbe, pauseMs, UNCHECKED } from './health-state';
import type { ProbeTarget } from './probe';
import { probe } from './probe';

export interface HealthObserver {
  /** The state of check number `index` is new. */
  changed(index: number, state: HealthState, before: HealthState): void;
  /** A failure that counts. */
  failed(check: HealthCheck): void;
  /** Too many failures in a row; no further check is made. */
  kill(check: HealthCheck, cause: string): void;
}

/** What is known of the task when checking begins: nothing, unless it is an adopted one. */
export interface KnownHealth {
  readonly states: readonly HealthState[];
  readonly ageMs: number;
}

/** Runs the health checks of one task until stopped: one probe at a time per check. */
export class HealthChecker {
  private readonly abort = new AbortController();
  private readonly timers = new Set<NodeJS.Timeout>();

  constructor(
    checks: readonly HealthCheck[],
    private readonly target: ProbeTarget,
    private readonly observer: HealthObserver,
    private readonly clock: Clock,
    known?: KnownHealth,
  ) {
    const startedAt = clock.monotonic() - (known?.ageMs ?? 0);
    checks.forEach((check, index) => {
      const state = known?.states[index] ?? UNCHECKED;
      // A process that was started in this turn of the loop cannot answer before the first pause is over.
      const first = known === undefined ? pauseMs(state, check, 0, 0) : 0;
      this.later(first, () => void this.run(check, index, state, 0, startedAt));
    });
  }

  stop(): void {
    this.abort.abort();
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }

  private async run(
    check: HealthCheck,
    index: number,
    before: HealthState,
    probes: number,
    startedAt: number,
  ): Promise<void> {
    const result = await probe(check, this.target, this.abort.signal);
    if (this.abort.signal.aborted) return;
    const ageMs = this.clock.monotonic() - startedAt;
    const step = afterProbe(before, result, check, this.clock.now(), ageMs);
    if (step.failed) this.observer.failed(check);
    if (step.state !== before) this.observer.changed(index, step.state, before);
    if (step.kill) this.observer.kill(check, result.ok ? '' : result.cause);
    if (step.kill || this.abort.signal.aborted) return;
    const pause = pauseMs(step.state, check, probes + 1, ageMs);
    this.later(pause, () => void this.run(check, index, step.state, probes + 1, startedAt));
  }

  private later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      action();
    }, ms);
    this.timers.add(timer);
  }
}
