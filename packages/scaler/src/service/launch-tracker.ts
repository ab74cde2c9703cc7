import type { InstanceId } from '@waiter/core';

/** A service at one moment, as far as launches go. */
export interface LaunchView {
  /** Count asked of the scheduler. */
  readonly requested: number;
  readonly instances: readonly {
    readonly id: InstanceId;
    /** Null while it is only staged. */
    readonly startedAtMs: number | null;
    readonly healthy: boolean;
  }[];
}

/** A phase of a launch that has just ended. */
export interface LaunchPhase {
  /** From the request to the scheduler's list; from there to a running process; from there to the first passed check. */
  readonly phase: 'scheduled' | 'started' | 'ready';
  readonly instanceId: InstanceId;
  readonly tookMs: number;
}

interface Launch {
  phase: 'staged' | 'starting';
  sinceMs: number;
}

const byStart = (a: LaunchView['instances'][number], b: LaunchView['instances'][number]): number =>
  (a.startedAtMs ?? Infinity) - (b.startedAtMs ?? Infinity) || (a.id < b.id ? -1 : 1);

/**
 * Times the launches of one service from what is seen of it (spec: scaling-and-schedulers 3.10). Which request an
 * instance answers nobody says: the oldest open one. What is there at first sight is not timed.
 */
export class LaunchTracker {
  private requested = 0;
  private known: Set<InstanceId> | null = null;
  /** Monotonic; one per instance that was asked for and is not listed yet, oldest first. */
  private scheduling: number[] = [];
  private readonly starting = new Map<InstanceId, Launch>();

  /** @param nowMs monotonic */
  update(view: LaunchView, nowMs: number): LaunchPhase[] {
    const ids = new Set(view.instances.map(({ id }) => id));
    const { known } = this;
    this.known = ids;
    const added = view.requested - this.requested;
    this.requested = view.requested;
    if (known === null) return [];
    const gone = [...known].filter((id) => !ids.has(id));
    for (const id of gone) this.starting.delete(id);
    // One that is gone is replaced, unless it was asked to go.
    const delta = added + gone.length;
    for (let n = 0; n < delta; n++) this.scheduling.push(nowMs);
    const phases: LaunchPhase[] = [];
    for (const instance of [...view.instances].sort(byStart)) {
      if (!known.has(instance.id)) {
        const askedAtMs = this.scheduling.shift();
        if (askedAtMs !== undefined) {
          phases.push({ phase: 'scheduled', instanceId: instance.id, tookMs: nowMs - askedAtMs });
        }
        this.starting.set(instance.id, { phase: 'staged', sinceMs: nowMs });
      }
      phases.push(...this.advance(instance, nowMs));
    }
    if (delta < 0) this.scheduling.splice(Math.max(0, this.scheduling.length + delta));
    return phases;
  }

  private advance(
    { id, startedAtMs, healthy }: LaunchView['instances'][number],
    nowMs: number,
  ): LaunchPhase[] {
    const launch = this.starting.get(id);
    if (launch === undefined) return [];
    const phases: LaunchPhase[] = [];
    if (launch.phase === 'staged' && (startedAtMs !== null || healthy)) {
      phases.push({ phase: 'started', instanceId: id, tookMs: nowMs - launch.sinceMs });
      this.starting.set(id, { phase: 'starting', sinceMs: nowMs });
    }
    if (healthy) {
      const sinceMs = this.starting.get(id)?.sinceMs ?? nowMs;
      phases.push({ phase: 'ready', instanceId: id, tookMs: nowMs - sinceMs });
      this.starting.delete(id);
    }
    return phases;
  }

  /** What `/state/launch-metrics` shows. @param nowMs monotonic @param wallMs the same moment */
  state(nowMs: number, wallMs: number): LaunchState {
    const time = (ms: number): string => new Date(wallMs - (nowMs - ms)).toISOString();
    return {
      'known-instance-ids': [...(this.known ?? [])].sort(),
      'instance-scheduling-start-times': this.scheduling.map(time),
      'starting-instance-id->start-timestamp': Object.fromEntries(
        [...this.starting].map(([id, { sinceMs }]) => [id, time(sinceMs)]),
      ),
    };
  }
}

export interface LaunchState {
  readonly 'known-instance-ids': readonly string[];
  readonly 'instance-scheduling-start-times': readonly string[];
  readonly 'starting-instance-id->start-timestamp': Readonly<Record<string, string>>;
}
