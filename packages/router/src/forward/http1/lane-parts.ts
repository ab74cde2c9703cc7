import type { Authenticator } from '@waiter/core';
import type { Admission } from '../../admission';
import type { AsyncRequests } from '../../async';
import type { RouterOptions } from '../../options';
import type { Reservations } from '../../reserve';
import type { Recorder, Responder } from '../../respond';
import type { WorkerMetrics } from '../../worker-metrics';
import type { ServiceAuthorization } from '../service-password';
import type { WarmAdmissions } from './admission/warm-admissions';
import type { LaneClock } from './clock';
import type { ConnectionTexts } from './head-text';
import type { HeadScanner } from './message/head-scanner';
import type { ClientBuffers } from './sockets/client-buffers';
import type { Outbox } from './sockets/outbox';
import type { UpstreamPool } from './upstream/upstream-pool';

/** What the lane shares with the general one. */
export interface SharedParts {
  readonly options: RouterOptions;
  readonly product: string;
  readonly admission: Admission;
  readonly reservations: Reservations;
  readonly asyncRequests: AsyncRequests;
  readonly authorization: ServiceAuthorization;
  readonly authenticator: Pick<Authenticator, 'credentials'>;
  readonly responder: Responder;
  readonly metrics: WorkerMetrics;
  readonly recorder: Recorder;
  /** A fault of ours, not of the client or the instance. */
  readonly onFault: (error: unknown) => void;
}

/** What the connections and exchanges of one lane have in common. */
export interface LaneParts extends SharedParts {
  readonly clock: LaneClock;
  readonly outbox: Outbox;
  readonly warm: WarmAdmissions;
  readonly scanner: HeadScanner;
  readonly pool: UpstreamPool;
  /** null: connections of clients are read by 'data'. */
  readonly buffers: ClientBuffers | null;
  readonly connectionTexts: ConnectionTexts;
}
