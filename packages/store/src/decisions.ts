import type { Json, ServiceId } from '@waiter/core';
import type { Connection } from './connection';

const KEPT = 1_000;

/** One recorded decision: when, and everything it was made from. */
export interface RecordedDecision {
  /** Stream id: `<epoch ms>-<n>`. */
  readonly id: string;
  readonly atMs: number;
  readonly decision: Json;
}

function recorded([id, fields]: readonly [id: string, fields: readonly string[]]): RecordedDecision {
  return {
    id,
    atMs: Number(id.split('-')[0]),
    decision: JSON.parse(fields[1] ?? 'null') as Json,
  };
}

/** Every scaling decision with its inputs and what came of it, per service, newest 1,000. */
export class DecisionLog {
  constructor(private readonly connection: Connection) {}

  async append(serviceId: ServiceId, decision: object): Promise<void> {
    const { redis, keys } = this.connection;
    await redis.xadd(
      keys.decisions(serviceId),
      'MAXLEN',
      '~',
      KEPT,
      '*',
      'decision',
      JSON.stringify(decision),
    );
  }

  /** Newest first. */
  async read(serviceId: ServiceId, count: number): Promise<readonly RecordedDecision[]> {
    const { redis, keys } = this.connection;
    const entries = await redis.xrevrange(keys.decisions(serviceId), '+', '-', 'COUNT', count);
    return entries.map(recorded);
  }

  /** The oldest `count` after the entry `id`, newest first: what a follower has not seen yet. */
  async readAfter(serviceId: ServiceId, id: string, count: number): Promise<readonly RecordedDecision[]> {
    const { redis, keys } = this.connection;
    const entries = await redis.xrange(keys.decisions(serviceId), `(${id}`, '+', 'COUNT', count);
    return entries.map(recorded).reverse();
  }
}
