import type { InstanceId, ServiceId } from '@waiter/core';
import type { Connection } from './connection';

/** An instance that is out of rotation because its last requests failed (spec: request-path 3.8). */
export interface Ejection {
  readonly instanceId: InstanceId;
  /** In a row. */
  readonly failures: number;
  /** Until one request may try it again; 0 when that is due, or under way. */
  readonly remainingMs: number;
}

/** What a worker tells of an instance: a request failed there, the probe was served, or the probe was not used. */
export type EjectionReport = readonly [InstanceId, 'failed' | 'served' | 'unused'];

/** How long a failing instance stays out of rotation (spec: request-path 0.1 `ejection-config`). */
export interface EjectionRules {
  /** After the first failure. */
  readonly baseMs: number;
  readonly maxMs: number;
}

export const DEFAULT_EJECTION: EjectionRules = { baseMs: 10_000, maxMs: 300_000 };

/**
 * How often the first time is doubled at most: by the original's formula, which leaves the doubling short of the longest
 * time (10 s, 20, 40, 80, 160, 160... with the defaults; spec: request-path 3.8).
 */
export function maxExponent({ baseMs, maxMs }: EjectionRules): number {
  return Math.max(1, Math.floor(1 + Math.exp(Math.log(maxMs) / Math.log(Math.max(2, baseMs)))));
}

/** How long an instance is ejected after so many failures in a row, in milliseconds. */
export function ejectionMs(failures: number, rules: EjectionRules): number {
  return Math.min(rules.maxMs, rules.baseMs * 2 ** Math.min(maxExponent(rules), failures - 1));
}

/** Ejections as all workers share them; written by the lease scripts. */
export class EjectionStore {
  constructor(private readonly connection: Connection) {}

  /** Of one service, by instance. */
  async of(id: ServiceId): Promise<ReadonlyMap<InstanceId, EjectedInstance>> {
    const rows = await this.connection.redis.hgetall(this.connection.keys.ejections(id));
    const found = new Map<InstanceId, EjectedInstance>();
    for (const [instanceId, text] of Object.entries(rows)) {
      const [failures, untilMs, , probe] = text.split(' ');
      if (probe === undefined) continue;
      found.set(instanceId, { failures: Number(failures), untilMs: Number(untilMs) });
    }
    return found;
  }
}

export interface EjectedInstance {
  /** In a row. */
  readonly failures: number;
  /** When one request may try it (again), epoch milliseconds by the clock of Redis. */
  readonly untilMs: number;
}
