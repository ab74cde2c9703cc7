export { AsyncRequestStore, type AsyncRequest, type Held } from './async-requests';
export { Connection, redactUrl, type ConnectionOptions, type Manner } from './connection';
export { CollectionStore, type CollectionEntry, type CollectionKind } from './collections';
export { DecisionLog, type RecordedDecision } from './decisions';
export { ChangeFeed, type ChangeNotice } from './events';
export {
  InstanceStore,
  StaleEpochError,
  type InstanceSnapshot,
  type PublishedInstance,
  type PublishOptions,
} from './instances';
export { Keys } from './keys';
export { LeaderStateStore, type LeaderComponent } from './leader-state';
export { Leadership, readLeader, type LeadershipOptions } from './leadership';
export {
  DEFAULT_EJECTION,
  ejectionMs,
  EjectionStore,
  type EjectedInstance,
  type Ejection,
  type EjectionReport,
  type EjectionRules,
} from './ejections';
export {
  NO_ERRAND,
  NOTHING_QUEUED,
  rankOf,
  type Ejections,
  type ExchangeReply,
  type ExchangeRequest,
  type Grant,
  type LeaseMessage,
  type QueuedRequests,
} from './lease-protocol';
export { LeaseStore } from './leases';
export { LoadLedger, LOAD_TTL_MS, NO_LOAD, type ServiceLoad, type WorkerLoad } from './load';
export { HEARTBEAT_MS, Membership, WORKER_TTL_MS, type RouterInfo } from './members';
export { Queues, type QueueName, type QueueOptions } from './queues';
export { ReferenceStore } from './references';
export { ScalingPauseStore, type ScalingPause, type ScalingPauses } from './scaling-pauses';
export {
  ServiceStateStore,
  type OverridesState,
  type ServiceState,
  type SuspendedState,
} from './service-state';
export { ServiceStore, type NewService, type ServiceRecord } from './services';
export { Store } from './store';
export * from './tokens';
