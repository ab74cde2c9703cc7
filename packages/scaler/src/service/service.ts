import type { DeploymentError, Instance, InstanceId, Reference, ServiceId } from '@waiter/core';
import type { Decision } from '@waiter/scaling';
import type { ScheduledService } from '@waiter/scheduler';
import type { ServiceLoad } from '@waiter/store';
import type { ServicePolicy } from '../policy/adviser';
import { Departed } from './departed';
import { TrackedInstance } from './instance';
import { LaunchTracker } from './launch-tracker';
import type { DescribedService } from './record';
import type { PendingDecision, ScaleState } from './scale-state';

/** Everything that led to the service has moved on (spec: services-and-tokens 5.8). */
export interface Stale {
  /** Epoch ms; null when nobody knows. */
  readonly sinceMs: number | null;
  /** So long after that it may be fallen back to, and stays though nobody uses it. */
  readonly graceMs: number;
}

/** Everything the leader knows of one service. Lives as long as the term. */
export class Service {
  /** Whether the scheduler has it. */
  known = false;
  /** The part of the scheduler that has it has not answered in this term: it is left alone until then. */
  hidden = false;
  requested = 0;
  /** Count that the scheduler call under way asks for; instances can be there before it is answered. */
  asking: number | null = null;
  scheduled = 0;
  readonly instances = new Map<InstanceId, TrackedInstance>();
  readonly departed = new Departed();
  readonly launches = new LaunchTracker();
  state: ScaleState | null = null;
  /** The state as it was last saved. */
  saved: ScaleState | null = null;
  load: ServiceLoad | null = null;
  /** The scheduler refuses the service until `refusedUntilMs` (monotonic). */
  refusal: DeploymentError | null = null;
  refusedUntilMs = 0;
  reported: DeploymentError | null = null;
  /** Lists that were asked for before this moment (monotonic) are older than what we did. */
  touchedAtMs = 0;
  /** When it was last deleted in this term, monotonic. */
  deletedAtMs = -Infinity;
  /** Wall clock of the last moment with a healthy instance. */
  lastHealthyAtMs = 0;
  pending: PendingDecision | null = null;
  /** A scheduler call is under way. */
  applying = false;
  /** Asked to evaluate meanwhile. */
  evaluateAgain = false;
  collecting = false;
  /** How it came to be used, when that was last read. */
  references: readonly Reference[] = [];
  stale: Stale | null = null;
  /** To be started though nobody waits for it, until then (monotonic). */
  wantedUntilMs = 0;
  lastRecorded = '';
  scalingState: Decision['label'] | null = null;
  /** Null where the formula decides. */
  policy: ServicePolicy | null = null;

  constructor(
    /** Another one after an operator has overridden parameters. */
    public described: DescribedService,
    /** Wall clock of the first sight in this term. */
    readonly sinceMs: number,
    /** See `ScalerOptions.failedCheckThreshold`. */
    private readonly failedCheckThreshold = 5,
  ) {}

  get id(): ServiceId {
    return this.described.id;
  }

  get outstanding(): number {
    return (this.load?.inFlight ?? 0) + (this.load?.queued ?? 0);
  }

  get draining(): TrackedInstance[] {
    return [...this.instances.values()].filter(({ fate }) => fate === 'draining');
  }

  get healthyCount(): number {
    let count = 0;
    for (const { healthy, fate } of this.instances.values()) if (healthy && fate === 'open') count++;
    return count;
  }

  /** Wall clock since when nobody uses the service. */
  get idleSinceMs(): number {
    return Math.max(this.state?.lastBusyAtMs ?? this.sinceMs, this.load?.lastRequestAtMs ?? 0);
  }

  /**
   * Takes over a list of the scheduler; null when it does not have the service.
   * @param askedAtMs when the list was asked for, monotonic
   * @param wallMs now
   */
  observe(listed: ScheduledService | null, askedAtMs: number, wallMs: number): void {
    if (this.applying || askedAtMs <= this.touchedAtMs) return;
    this.known = listed !== null;
    this.requested = listed?.requested ?? 0;
    this.scheduled = listed?.scheduled ?? 0;
    this.reported = listed?.deploymentError ?? null;
    const active = new Set<InstanceId>();
    for (const instance of listed?.active ?? []) {
      active.add(instance.id);
      this.noteActive(instance, askedAtMs);
    }
    for (const failed of listed?.failed ?? []) this.noteFailed(failed, wallMs);
    for (const { id, seenAtMs } of [...this.instances.values()]) {
      if (!active.has(id) && seenAtMs <= askedAtMs) this.noteEnded(id, null, wallMs);
    }
  }

  noteActive(instance: Instance, nowMs: number): TrackedInstance | null {
    if (this.departed.hasEnded(instance.id)) return null;
    const known = this.instances.get(instance.id);
    if (known !== undefined) {
      known.update(instance, Math.max(nowMs, known.seenAtMs));
      return known;
    }
    const fresh = new TrackedInstance(instance, nowMs);
    this.instances.set(instance.id, fresh);
    this.known = true;
    this.scheduled = Math.max(this.scheduled, this.instances.size);
    return fresh;
  }

  /** @param failed what the scheduler says of its failure; null when it just ended or is no longer listed */
  noteEnded(id: InstanceId, failed: Instance | null, wallMs: number): void {
    const tracked = this.instances.get(id);
    if (tracked === undefined && this.departed.hasEnded(id)) return;
    this.departed.end(id);
    this.instances.delete(id);
    if (tracked !== undefined) this.scheduled = Math.max(0, this.scheduled - 1);
    if (tracked?.fate === 'killed' || this.departed.isPardoned(id)) return;
    // Stopped from outside while it never got well: the scheduler gave it up (3.5, missing instances).
    const givenUp =
      tracked !== undefined && !tracked.everHealthy && tracked.failedChecks >= this.failedCheckThreshold;
    if (failed === null && !givenUp) return;
    const failure = tracked?.failure(failed, givenUp) ?? failed;
    if (failure !== null) this.departed.fail(failure, wallMs);
  }

  private noteFailed(failed: Instance, wallMs: number): void {
    if (this.instances.has(failed.id)) this.noteEnded(failed.id, failed, wallMs);
    else {
      this.departed.end(failed.id);
      this.departed.fail(failed, wallMs);
    }
  }

  noteKilled(tracked: TrackedInstance, nowMs: number, gone: boolean): void {
    tracked.fate = 'killed';
    this.departed.kill(tracked.view(false));
    this.requested = Math.max(0, this.requested - 1);
    this.touchedAtMs = nowMs;
    if (gone) this.forget(tracked);
  }

  /** It was killed because it does not work: a failure, not a wish. @param gone it had ended by itself */
  noteGivenUp(tracked: TrackedInstance, why: string, wallMs: number, gone: boolean): void {
    tracked.fate = 'killed';
    this.departed.fail(tracked.failure({ ...tracked.instance, message: why }, !tracked.everHealthy), wallMs);
    this.requested = Math.max(0, this.requested - 1);
    if (gone) this.forget(tracked);
  }

  private forget({ id }: TrackedInstance): void {
    this.departed.end(id);
    this.instances.delete(id);
    this.scheduled = Math.max(0, this.scheduled - 1);
  }

  /** Nothing of it runs any more. */
  noteDeleted(nowMs: number): void {
    for (const tracked of this.instances.values()) {
      this.departed.kill(tracked.view(false));
      this.departed.end(tracked.id);
    }
    this.instances.clear();
    this.departed.forgetFailures();
    this.known = false;
    this.requested = 0;
    this.scheduled = 0;
    this.reported = null;
    this.pending = null;
    this.state = null;
    this.touchedAtMs = nowMs;
    this.deletedAtMs = nowMs;
  }
}
