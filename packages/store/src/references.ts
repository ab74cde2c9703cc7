import type { Reference, ServiceId } from '@waiter/core';
import type { Connection } from './connection';

const FIELD = 'reference:';

/**
 * References of one service that are kept besides `{}`: a token that is edited again and again, without a change of
 * its service, adds one each time. Beyond this the oldest is forgotten.
 */
export const REFERENCES_KEPT = 64;

/** The references in a service's hash, oldest first. */
export function referencesIn(row: Readonly<Record<string, string>>): readonly Reference[] {
  return Object.entries(row)
    .filter(([field]) => field.startsWith(FIELD))
    .sort(([, a], [, b]) => Number(a) - Number(b))
    .map(([field]) => JSON.parse(field.slice(FIELD.length)) as Reference);
}

/** How services came to be used, and which are to be started though nobody waits for them yet. */
export class ReferenceStore {
  constructor(private readonly connection: Connection) {}

  /** In one round trip. Services that are not known have none. */
  async ofAll(ids: readonly ServiceId[]): Promise<ReadonlyMap<ServiceId, readonly Reference[]>> {
    const { redis, keys } = this.connection;
    const rows = await Promise.all(ids.map((id) => redis.hgetall(keys.service(id))));
    return new Map(ids.map((id, index) => [id, referencesIn(rows[index] ?? {})]));
  }

  /** Asks for the service to be started: its clients are served by an earlier version for now. To be followed by a nudge. */
  async want(id: ServiceId, nowMs: number): Promise<void> {
    await this.connection.redis.hset(this.connection.keys.service(id), 'wanted', nowMs);
  }

  /** Epoch ms of the last time somebody asked; null when nobody ever did. */
  async wantedAtMs(id: ServiceId): Promise<number | null> {
    const value = await this.connection.redis.hget(this.connection.keys.service(id), 'wanted');
    return value === null ? null : Number(value);
  }
}
