import type { CompiledConfig } from '@waiter/config';
import type { Authenticator, Clock, Entitlement } from '@waiter/core';
import type { Logger, Metrics, MetricsSnapshot, Statsd } from '@waiter/observability';
import type { Queues, Store } from '@waiter/store';

/** All that the control API works with; made by the composition root. */
export interface ApiDeps {
  readonly store: Pick<
    Store,
    | 'services'
    | 'serviceStates'
    | 'references'
    | 'instances'
    | 'load'
    | 'decisions'
    | 'scalingPauses'
    | 'collections'
    | 'leaderState'
    | 'members'
    | 'leases'
    | 'ejections'
    | 'tokens'
    | 'leader'
    | 'changes'
  >;
  readonly queues: Pick<Queues, 'requestDelete' | 'request' | 'nudge'>;
  readonly config: CompiledConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Metrics of the node's workers, added to those of this process. */
  readonly workerMetrics?: () => Promise<readonly MetricsSnapshot[]>;
  /** What the node counts for statsd; default: nothing. */
  readonly statsd?: Pick<Statsd, 'state'>;
  readonly clock: Clock;
  readonly authenticator: Authenticator;
  readonly entitlement: Entitlement;
  readonly routerId: string;
  /** The port clients use, for generated URLs; may differ from the configured one when that is 0. */
  readonly port: number;
  /** Epoch milliseconds. */
  readonly startedAtMs: number;
  /** Commit or release; its first 7 characters are shown. */
  readonly version: string;
  /** True from SIGTERM on: `/status` answers 503, so that load balancers look elsewhere. */
  readonly isDraining: () => boolean;
  /** Ends the process in order: `POST /drain?crash=true`. Default: SIGTERM to itself. */
  readonly quit?: () => void;
}
