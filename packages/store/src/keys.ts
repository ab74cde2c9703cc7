import type { ServiceId, WorkerId } from '@waiter/core';

/**
 * Builds every Redis key and channel name; nothing else does. Keys of one service share the hash tag `{service id}`,
 * so that a script's keys live in one slot of a Redis Cluster (DESIGN section 4).
 */
export class Keys {
  readonly prefix: string;

  constructor(readonly cluster: string) {
    this.prefix = `waiter:${cluster}:`;
  }

  /** String: the token's data as JSON, its hash, and what else one token needs. */
  token = (name: string): string => `${this.prefix}token:${name}`;
  /** Hash: token name -> index entry (JSON) of every token, soft-deleted ones included. */
  tokenIndex = (): string => `${this.prefix}tokens`;
  /** Set: names of the tokens of one owner. */
  owner = (owner: string): string => `${this.prefix}owner:${owner}`;
  /** Set: every owner that has or had a token. */
  owners = (): string => `${this.prefix}owners`;

  /** Hash: one service's description, creation time and the tokens that lead to it; kept after the service stops. */
  service = (id: ServiceId): string => `${this.prefix}service:{${id}}`;
  /** Set: services that run or are asked for. */
  services = (): string => `${this.prefix}services`;
  /** Hash: epoch, version and JSON of the latest snapshot of the service's instances. */
  instances = (id: ServiceId): string => `${this.prefix}instances:{${id}}`;
  /** Hash: instance -> its capacity, start, address and whether it is open. */
  slots = (id: ServiceId): string => `${this.prefix}slots:{${id}}`;
  /** Hash: slots leased per instance, and per worker and instance. */
  leases = (id: ServiceId): string => `${this.prefix}leases:{${id}}`;
  /** Sorted set: instances that can be leased from, in the order of the load-balancing policy. */
  open = (id: ServiceId): string => `${this.prefix}open:{${id}}`;
  /** Sorted set: workers that wait for slots, by the rank of their first request. */
  waiters = (id: ServiceId): string => `${this.prefix}waiters:{${id}}`;
  /** Hash: worker -> version of its holdings, and what it waits for. */
  holders = (id: ServiceId): string => `${this.prefix}holders:{${id}}`;
  /** Hash: request id -> an async request: who looks after it until when, where it runs, and what to ask there. */
  asyncRequests = (id: ServiceId): string => `${this.prefix}async:{${id}}`;
  /** Sorted set with expiry: requests that were over before they were recorded, by when that was said. */
  asyncOver = (id: ServiceId): string => `${this.prefix}async-over:{${id}}`;
  /** Sorted set: service and request id of every async request, by the time until which somebody looks after it. */
  asyncIndex = (): string => `${this.prefix}async`;
  /** Hash: instance -> how often it failed in a row, and until when it takes no requests. */
  ejections = (id: ServiceId): string => `${this.prefix}ejections:{${id}}`;
  /** Sorted set with expiry: workers that fell silent and get no leases here any more, by when. */
  buried = (id: ServiceId): string => `${this.prefix}buried:{${id}}`;
  /** Keys of every lease script, in the order of lua/includes/slots.lua. */
  leaseKeys = (id: ServiceId): readonly string[] => [
    this.slots(id),
    this.leases(id),
    this.open(id),
    this.waiters(id),
    this.holders(id),
    this.ejections(id),
    this.buried(id),
  ];
  /** String with expiry: the service is to be started though nobody waits for it. */
  wanted = (id: ServiceId): string => `${this.prefix}wanted:{${id}}`;
  /** Hash: what the scaler carries from one evaluation to the next. */
  scale = (id: ServiceId): string => `${this.prefix}scale:{${id}}`;
  /** Sorted set: service -> when it is deleted if nobody uses it until then (epoch ms). */
  collectionDeadlines = (kind: string): string => `${this.prefix}collect:${kind}`;
  /** Hash: service -> what the collection goes by. */
  collectionStates = (kind: string): string => `${this.prefix}collect:${kind}:states`;
  /** Hash: service id, or `*` for all -> who paused its scaling, when and why. */
  scalingPauses = (): string => `${this.prefix}scaling-pauses`;
  /** Stream: every decision about the service, capped. */
  decisions = (id: ServiceId): string => `${this.prefix}decisions:{${id}}`;

  /** Hash: one router's address and version; expires with its heartbeat. */
  router = (id: string): string => `${this.prefix}router:${id}`;
  /** Sorted set: router id -> when its membership ends. */
  routers = (): string => `${this.prefix}routers`;
  /** Sorted set: worker id -> when its heartbeat ends (Redis clock, milliseconds). */
  workers = (): string => `${this.prefix}workers`;
  /** Set: services in which the worker may hold leases; what the reaper has to look at. */
  workerServices = (id: WorkerId): string => `${this.prefix}worker-services:${id}`;
  /** Hash with expiry: service -> load of this worker. */
  load = (id: WorkerId): string => `${this.prefix}load:${id}`;

  /** Hash: component -> what the leader tells of it, JSON. */
  leaderState = (): string => `${this.prefix}leader-state`;
  leader = (): string => `${this.prefix}leader`;
  epoch = (): string => `${this.prefix}epoch`;

  /** Stream of change notices, capped; the same notices go out on `eventsChannel`. */
  events = (): string => `${this.prefix}events`;
  eventsChannel = (): string => `${this.prefix}events`;
  /** Channel on which one worker is told of grants and recalls. */
  workerChannel = (id: WorkerId): string => `${this.prefix}worker:${id}`;

  /** Prefix of every BullMQ key; braces keep one queue's keys together in a Redis Cluster. */
  queuePrefix = (): string => `{waiter:${this.cluster}}`;
}
