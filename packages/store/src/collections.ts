import type { Epoch, Json, ServiceId } from '@waiter/core';
import type { Connection } from './connection';

/** `services`: unused and stale ones; `broken`: those that only fail. */
export type CollectionKind = 'services' | 'broken';

/** What a collection knows of one service. */
export interface CollectionEntry {
  /** Epoch ms after which it is deleted; null: not while it is as it is. */
  readonly deadlineMs: number | null;
  /** Epoch ms of the last change of `state`. */
  readonly modifiedAtMs: number;
  readonly state: Json;
}

/** Deadlines of services that may be deleted, in sorted sets, so that the next leader goes on with them. */
export class CollectionStore {
  constructor(private readonly connection: Connection) {}

  /** Replaces all entries of the kind. @returns false when a later leader has been elected */
  async save(
    kind: CollectionKind,
    epoch: Epoch,
    entries: ReadonlyMap<ServiceId, CollectionEntry>,
  ): Promise<boolean> {
    const { keys } = this.connection;
    const rows = [...entries].flatMap(([id, { deadlineMs, modifiedAtMs, state }]) => [
      id,
      deadlineMs === null ? '' : Math.round(deadlineMs),
      JSON.stringify({ modifiedAtMs, state }),
    ]);
    const reply = await this.connection.run(
      'save-collection',
      [keys.collectionDeadlines(kind), keys.collectionStates(kind), keys.epoch()],
      [epoch, ...rows],
    );
    return reply === 1;
  }

  async entries(kind: CollectionKind): Promise<ReadonlyMap<ServiceId, CollectionEntry>> {
    const { redis, keys } = this.connection;
    const [states, scored] = await Promise.all([
      redis.hgetall(keys.collectionStates(kind)),
      redis.zrange(keys.collectionDeadlines(kind), '0', '-1', 'WITHSCORES'),
    ]);
    const deadlines = new Map<string, number>();
    for (let i = 0; i + 1 < scored.length; i += 2) deadlines.set(scored[i] ?? '', Number(scored[i + 1]));
    return new Map(
      Object.entries(states).map(([id, text]) => {
        const rest = JSON.parse(text) as Omit<CollectionEntry, 'deadlineMs'>;
        return [id, { ...rest, deadlineMs: deadlines.get(id) ?? null }];
      }),
    );
  }

  async entry(kind: CollectionKind, id: ServiceId): Promise<CollectionEntry | null> {
    const { redis, keys } = this.connection;
    const [text, score] = await Promise.all([
      redis.hget(keys.collectionStates(kind), id),
      redis.zscore(keys.collectionDeadlines(kind), id),
    ]);
    if (text === null) return null;
    const rest = JSON.parse(text) as Omit<CollectionEntry, 'deadlineMs'>;
    return { ...rest, deadlineMs: score === null ? null : Number(score) };
  }
}
