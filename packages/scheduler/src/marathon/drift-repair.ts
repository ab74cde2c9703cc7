import type { Clock, ServiceId } from '@waiter/core';
import type { Logger } from '@waiter/observability';
import type { Ask } from './ask';
import { serviceIdOfApp } from './app-state';
import { isOurs } from './ids';
import { integer, list, object } from './json-reader';
import type { DriftOptions } from './options';

/** A service of which Marathon requests another number than it runs, although it does nothing about it. */
export interface Drift {
  readonly requested: number;
  readonly scheduled: number;
  /** When this very pair was first seen, wall clock. */
  readonly sinceMs: number;
}

export interface DriftDeps {
  readonly ask: Ask;
  readonly scale: (id: ServiceId, instances: number) => Promise<void>;
  readonly servicePrefix: string;
  readonly drift: DriftOptions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Sets the requested count of a service to what exists where the two have differed for a minute and no deployment is about to
 * change that (4A.8): Marathon may have lost track, and scaling waits for tasks that never come.
 */
export class DriftRepair {
  private readonly drifts = new Map<ServiceId, Drift>();
  private running = false;

  constructor(private readonly deps: DriftDeps) {}

  /** What is out of sync at this moment. */
  get state(): ReadonlyMap<ServiceId, Drift> {
    return this.drifts;
  }

  /** One look; skipped while the one before still runs. @throws SchedulerError */
  async pass(): Promise<void> {
    if (this.running) return;
    this.running = true;
    try {
      await this.look();
    } finally {
      this.running = false;
    }
  }

  /** Somebody else leads now. */
  forget(): void {
    this.drifts.clear();
  }

  private async look(): Promise<void> {
    const { ask, clock, drift, logger, scale, servicePrefix } = this.deps;
    const path = '/v2/apps?embed=apps.deployments&embed=apps.tasks';
    const answer = await ask({ method: 'GET', path });
    const before = new Map(this.drifts);
    this.drifts.clear();
    const nowMs = clock.now();
    for (const json of list(object(answer.json)['apps'])) {
      const app = object(json);
      const id = serviceIdOfApp(app);
      if (id === null || !isOurs(id, servicePrefix) || list(app['deployments']).length > 0) continue;
      const requested = integer(app['instances']) ?? 0;
      const scheduled = list(app['tasks']).length;
      if (requested === scheduled) continue;
      const known = before.get(id);
      const same = known?.requested === requested && known.scheduled === scheduled;
      const sinceMs = same ? known.sinceMs : nowMs;
      if (sinceMs >= nowMs - drift.intervalMs * drift.cycles) {
        this.drifts.set(id, { requested, scheduled, sinceMs });
        continue;
      }
      logger.warn('the scheduler requests what it does not run: setting it to what exists', {
        service: id,
        requested,
        scheduled,
      });
      await scale(id, scheduled).catch((error: unknown) => {
        logger.warn('a count could not be repaired', { service: id, error });
      });
    }
  }
}
