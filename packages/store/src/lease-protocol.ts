import type { InstanceId, ServiceId, WorkerId } from '@waiter/core';
import { DEFAULT_EJECTION, type Ejection, type EjectionReport, type EjectionRules } from './ejections';

/** Slots that a worker was given on one instance. */
export interface Grant {
  readonly instanceId: InstanceId;
  readonly slots: number;
  readonly host: string;
  readonly port: number;
  /** Epoch milliseconds; orders instances for load balancing. */
  readonly startedAtMs: number;
  /** False for what a worker still holds on an instance that drains or is gone. */
  readonly open: boolean;
  /** The instance is ejected, and this one slot is to find out whether it has recovered. */
  readonly probe: boolean;
}

/** A prioritised request goes before every ordinary one, of whatever age. */
const PRIORITY_MS = 1e13;

/** Place of a request in the order in which the fleet serves: the least first. @param arrivedAtMs epoch milliseconds */
export function rankOf(arrivedAtMs: number, prioritised: boolean): number {
  return prioritised ? arrivedAtMs - PRIORITY_MS : arrivedAtMs;
}

/** Requests that are queued: how many, the rank of the first, and the mean distance between their ranks. */
export interface QueuedRequests {
  readonly count: number;
  readonly firstRank: number;
  readonly step: number;
}

export const NOTHING_QUEUED: QueuedRequests = { count: 0, firstRank: 0, step: 0 };

export interface ExchangeRequest {
  readonly workerId: WorkerId;
  readonly serviceId: ServiceId;
  /** Version of the worker's holdings from the last reply or grant; 0 when it never held anything. */
  readonly version: number;
  /** The outcome of the last exchange is unknown: the reply is the full truth, even if the versions agree by chance. */
  readonly doubtful?: boolean;
  /** Requests that want a slot; any enters the worker among the waiting. */
  readonly prioritised: QueuedRequests;
  readonly ordinary: QueuedRequests;
  /** So many of them were admitted by an earlier exchange; they stay. */
  readonly admitted: number;
  /** So many are told of for the first time: not refused before idle slots elsewhere have been recalled. */
  readonly fresh: number;
  /** Most requests that may wait in the whole fleet. */
  readonly queueLimit: number;
  /** Slots to keep ready beyond the queue; granted only when nobody waits. */
  readonly extra: number;
  /** To try an ejected instance whose time is over, though nobody waits. Not to be asked for with an unused probe at hand. */
  readonly wantsProbe?: boolean;
  readonly giveBack: readonly (readonly [InstanceId, number])[];
  readonly reports: readonly EjectionReport[];
  readonly ejection: EjectionRules;
}

/** An exchange that has no errand: it only learns what there is. */
export const NO_ERRAND: Omit<ExchangeRequest, 'workerId' | 'serviceId' | 'version'> = {
  prioritised: NOTHING_QUEUED,
  ordinary: NOTHING_QUEUED,
  admitted: 0,
  fresh: 0,
  queueLimit: Number.MAX_SAFE_INTEGER,
  extra: 0,
  giveBack: [],
  reports: [],
  ejection: DEFAULT_EJECTION,
};

export type ExchangeReply =
  | {
      readonly status: 'ok';
      readonly version: number;
      readonly grants: readonly Grant[];
      /** The first request that waits on another worker; null when none does. */
      readonly firstRankElsewhere: number | null;
      /** Requests that were admitted to wait on other workers. */
      readonly queuedElsewhere: number;
      /**
       * Of the requests that got no slot so many may wait. If that is less than were told of before, the others are refused;
       * if it is more, the fresh ones may wait as well.
       */
      readonly admitted: number;
      readonly ejections: Ejections;
    }
  /** A message or a reply was missed: `grants` is everything the worker holds, and nothing was given back. */
  | { readonly status: 'resync'; readonly version: number; readonly grants: readonly Grant[] }
  /** Redis knows less than the worker: it must `reassert`. */
  | { readonly status: 'lost'; readonly version: number }
  /** The worker was taken for dead: it must come back under a new id. */
  | { readonly status: 'buried'; readonly version: number };

/** All instances that are ejected, and a number that grows with every change. */
export interface Ejections {
  readonly version: number;
  readonly all: readonly Ejection[];
}

/** What a worker is told on its own channel. */
export type LeaseMessage =
  | {
      readonly type: 'grant';
      readonly service: ServiceId;
      readonly version: number;
      readonly grants: readonly Grant[];
    }
  | {
      readonly type: 'recall';
      readonly service: ServiceId;
      /** The first request that waits on another worker. */
      readonly firstRank: number;
      /** Slots wanted by all that wait. */
      readonly need: number;
    }
  | { readonly type: 'ejections'; readonly service: ServiceId; readonly ejections: Ejections };

/** `[instance id, slots, host, port, started at ms, open, probe]` as the scripts encode it. */
export type GrantRow = [string, number, string, number, number, number, number];
/** `[instance id, failures, ms until the next probe]` */
export type EjectionRow = [string, number, number];

export const toGrant = ([instanceId, slots, host, port, startedAtMs, open, probe]: GrantRow): Grant => ({
  instanceId,
  slots,
  host,
  port,
  startedAtMs,
  open: open === 1 && port > 0,
  probe: probe === 1,
});

export const toEjections = (version: number, rows: readonly EjectionRow[]): Ejections => ({
  version,
  all: rows.map(([instanceId, failures, remainingMs]) => ({ instanceId, failures, remainingMs })),
});

/** @throws SyntaxError for what no script of ours published */
export function parseMessage(text: string): LeaseMessage {
  const message = JSON.parse(text) as { type: string; service: string; [key: string]: unknown };
  const { type, service } = message;
  const version = Number(message['version']);
  if (type === 'grant') {
    return { type, service, version, grants: (message['grants'] as GrantRow[]).map(toGrant) };
  }
  if (type === 'ejections') {
    return { type, service, ejections: toEjections(version, message['ejections'] as EjectionRow[]) };
  }
  return { type: 'recall', service, firstRank: Number(message['first']), need: Number(message['need']) };
}
