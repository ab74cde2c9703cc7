import type { CompiledConfig } from '@waiter/config';
import { ResponseStatsd, type RouterNode } from '@waiter/router';
import type { Store } from '@waiter/store';
import { NO_STATSD, startStatsd, type Logger, type Statsd } from '@waiter/observability';

/** Statsd as it is configured; one that does nothing where it is not. */
export function statsdOf({ statsd, cluster }: CompiledConfig, logger: Logger): Statsd {
  const { host, ...options } = statsd;
  if (host === undefined) return NO_STATSD;
  return startStatsd({ ...options, host, cluster: cluster.name, logger });
}

/** Counts the responses of a router node as often as they are sent; asks nothing of anybody where statsd is off. */
export function countResponses(
  statsd: Statsd,
  config: CompiledConfig,
  node: Pick<RouterNode, 'workerMetrics'>,
  store: Pick<Store, 'services'>,
): void {
  if (!statsd.enabled) return;
  const responses = new ResponseStatsd(statsd, {
    snapshots: () => node.workerMetrics(),
    groupOf: async (id) => {
      const group = (await store.services.get(id))?.effective['metric-group'];
      return typeof group === 'string' ? group : null;
    },
  });
  let running = false;
  setInterval(() => {
    if (running) return;
    running = true;
    // What workers do not tell now they tell the next time.
    void responses
      .collect()
      .catch(() => undefined)
      .finally(() => (running = false));
  }, config.statsd.publishIntervalMs).unref();
}
