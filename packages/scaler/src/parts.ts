import { Collector } from './collect/collector';
import { Deletion } from './collect/deletion';
import { Safety } from './collect/safety';
import type { Context } from './context';
import { LivenessChecks } from './health/liveness';
import { Prober } from './health/prober';
import type { JobHandlers } from './jobs';
import { LeaderReport } from './operate/leader-report';
import { DescriptionRefresh } from './operate/refresh';
import { InstanceSignals } from './operate/signals';
import { Adviser } from './policy/adviser';
import { Applier } from './scale/apply';
import { Decider } from './scale/decider';
import { Drains } from './scale/drains';
import { Evaluator, type Enqueue } from './scale/evaluate';
import { Journal } from './scale/journal';
import { Pauses } from './scale/pauses';
import { Rounds } from './scale/rounds';
import type { Service } from './service/service';
import { StaleServices } from './stale/stale-services';
import { StartNewServices } from './stale/start-new';
import { Launches } from './sync/launches';
import { Publisher } from './sync/publisher';
import { Reconciliation } from './sync/reconciliation';
import { Registry } from './sync/registry';
import { Sync } from './sync/sync';

/** What works in a term of leadership, as far as the term itself has to do with it. */
export interface Parts {
  readonly sync: Sync;
  readonly reconciliation: Reconciliation;
  readonly prober: Prober;
  readonly liveness: LivenessChecks;
  readonly rounds: Rounds;
  readonly drains: Drains;
  readonly safety: Safety;
  readonly report: LeaderReport;
  readonly handlers: JobHandlers;
}

/** Makes the parts of one term and makes them known to each other. @param enqueue has a decision carried out */
export function assemble(context: Context, enqueue: Enqueue): Parts {
  const journal = new Journal(context);
  const publisher = new Publisher(context, new Launches(context, journal));
  const prober = new Prober(context, publisher);
  const registry = new Registry(context);
  const sync = new Sync(context, registry, publisher, prober);
  const pauses = new Pauses(context);
  const drains = new Drains(context, publisher, journal, pauses);
  const safety = new Safety(context);
  const adviser = new Adviser(context);
  const decider = new Decider(context, journal, publisher, adviser);
  const rounds = new Rounds(
    context,
    registry,
    new Evaluator(context, decider, prober, journal, pauses, publisher, enqueue),
    decider,
    new Applier(context, registry, sync, publisher, drains, journal, pauses),
    pauses,
    adviser,
  );
  const again = (service: Service): Promise<void> => rounds.again(service);
  const stale = new StaleServices(context);
  const deletion = new Deletion(context, publisher);
  const collector = new Collector(context, registry, deletion, safety, journal, pauses, stale, again);
  const startNew = new StartNewServices(context, stale, rounds);
  const signals = new InstanceSignals(context, registry, publisher, journal, again);
  const refresh = new DescriptionRefresh(context, publisher, again);
  return {
    sync,
    reconciliation: new Reconciliation(context, sync, publisher),
    prober,
    liveness: new LivenessChecks(context, publisher, pauses, again),
    rounds,
    drains,
    safety,
    report: new LeaderReport(context, { rounds: () => rounds.state, startNew: () => startNew.state() }),
    handlers: {
      acting: () => context.acting(),
      ended: () => context.ended,
      evaluate: (id, askedAtMs) => rounds.evaluate(id, askedAtMs),
      tick: () => rounds.tick(),
      apply: (job) => rounds.apply(job),
      delete: (id) => collector.delete(id),
      signal: (job) => signals.run(job),
      pauses: () => rounds.pausesChanged(),
      refresh: (id) => refresh.run(id),
      collect: () => collector.collect(),
      startNew: () => startNew.run(),
    },
  };
}
