import type { Reference, ServiceId } from '@waiter/core';
import type { Connection } from './connection';

const FIELD = 'reference:';

/**
 * References of one service that are kept besides `{}`: a token that is edited again and again, without a change of
 * its service, adds one each time. Beyond this the oldest is forgotten.
 */
export const REFERENCES_KEPT = 64;

/** A wish to start a service is forgotten after so long; who still has it repeats it. */
const WANTED_MS = 10_000;

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
  async want(id: ServiceId): Promise<void> {
    await this.connection.redis.set(this.connection.keys.wanted(id), 1, 'PX', WANTED_MS);
  }

  /** Whether somebody asked lately. */
  async isWanted(id: ServiceId): Promise<boolean> {
    return (await this.connection.redis.exists(this.connection.keys.wanted(id))) === 1;
  }
}
