import type { Json } from '@waiter/core';
import type { LeaderComponent } from '@waiter/store';
import type { Context } from '../context';
import type { Service } from '../service/service';

/** What the parts of the leader tell beside what is known of each service. */
export interface ReportSources {
  /** Evaluations of all services so far, and when the last one began (epoch ms). */
  rounds(): { readonly count: number; readonly beganAtMs: number | null };
  startNew(): Json;
}

/** Writes down what only the leader knows, for `/state/...` of any router (spec: scaling-and-schedulers 8.3). */
export class LeaderReport {
  constructor(
    private readonly context: Context,
    private readonly sources: ReportSources,
  ) {}

  async write(): Promise<void> {
    const { context } = this;
    if (!(await context.store.leaderState.save(context.epoch, this.states()))) context.stepDown();
  }

  private states(): Record<LeaderComponent, Json> {
    const { context } = this;
    const services = [...context.services.values()];
    const { count, beganAtMs } = this.sources.rounds();
    return {
      autoscaler: { 'iter-counter': count, 'previous-cycle-start-time': time(beganAtMs) },
      'launch-metrics': {
        'known-service-ids': services.map(({ id }) => id).sort(),
        'previous-iteration': count,
        'service-id->launch-tracker': this.launches(services),
      },
      scheduler: { kind: context.scheduler.kind, 'service-id->kill-info': this.kills(services) },
      'start-new-services-maintainer': this.sources.startNew(),
    };
  }

  /** Of those services only in which something is being launched. */
  private launches(services: readonly Service[]): Json {
    const { clock } = this.context;
    const [nowMs, wallMs] = [clock.monotonic(), clock.now()];
    return Object.fromEntries(
      services.flatMap(({ id, launches }) => {
        const state = launches.state(nowMs, wallMs);
        const scheduling = state['instance-scheduling-start-times'];
        const starting = state['starting-instance-id->start-timestamp'];
        return scheduling.length + Object.keys(starting).length === 0 ? [] : [[id, state as unknown as Json]];
      }),
    );
  }

  /** Of those services only whose instances the scheduler does not want to kill. */
  private kills(services: readonly Service[]): Json {
    const { clock } = this.context;
    return Object.fromEntries(
      services.flatMap((service) => {
        const refused = service.draining.flatMap(({ drain }) =>
          drain !== null && drain.refusedSinceMs !== null ? [drain.refusedSinceMs] : [],
        );
        if (refused.length === 0) return [];
        const sinceMs = clock.now() - (clock.monotonic() - Math.min(...refused));
        return [[service.id, { 'kill-failing-since': time(sinceMs) }]];
      }),
    );
  }
}

const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
