import type { Cluster } from '../cluster';
import { timestamp } from '../timestamp';
import type { JsonObject } from './task-view';

const REJECT_REASONS = [
  'UnfulfilledRole',
  'UnfulfilledConstraint',
  'NoCorrespondingReservationFound',
  'AgentMaintenance',
  'InsufficientCpus',
  'InsufficientMemory',
  'InsufficientDisk',
  'InsufficientGpus',
  'InsufficientPorts',
  'DeclinedScarceResources',
];

/** What waits to be launched (4B.6). There are no offers here, so their summary counts none. */
export function queueView(cluster: Cluster, withUnusedOffers: boolean): JsonObject {
  const noRejections = () => REJECT_REASONS.map((reason) => ({ reason, declined: 0, processed: 0 }));
  return {
    queue: cluster.queue.entries().map((entry) => ({
      app: entry.app,
      count: entry.count,
      delay: { timeLeftSeconds: Math.ceil(entry.waitMs / 1000), overdue: entry.waitMs <= 0 },
      since: timestamp(entry.sinceMs),
      processedOffersSummary: {
        processedOffersCount: 0,
        unusedOffersCount: 0,
        rejectSummaryLastOffers: noRejections(),
        rejectSummaryLaunchAttempt: noRejections(),
      },
      ...(withUnusedOffers ? { lastUnusedOffers: [] } : {}),
      // marathon-python knows no such field here.
      ...((entry.app.role ?? '*') === '*' ? {} : { role: entry.app.role }),
    })),
  };
}
