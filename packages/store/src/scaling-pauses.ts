import type { ServiceId } from '@waiter/core';
import type { Connection } from './connection';

/** An operator's word that instances are neither to be started nor stopped. */
export interface ScalingPause {
  readonly by: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** In the operator's words; empty when none were given. */
  readonly reason: string;
}

export interface ScalingPauses {
  /** Of the whole cluster. */
  readonly everywhere: ScalingPause | null;
  readonly services: ReadonlyMap<ServiceId, ScalingPause>;
}

/** Field of the pause of the whole cluster; no service id is written so. */
const EVERYWHERE = '*';

/** Where scaling is paused. Outlives leaders and services; only a resume ends it. */
export class ScalingPauseStore {
  constructor(private readonly connection: Connection) {}

  async all(): Promise<ScalingPauses> {
    const { redis, keys } = this.connection;
    const { [EVERYWHERE]: everywhere, ...services } = await redis.hgetall(keys.scalingPauses());
    return {
      everywhere: everywhere === undefined ? null : (JSON.parse(everywhere) as ScalingPause),
      services: new Map(
        Object.entries(services).map(([id, pause]) => [id, JSON.parse(pause) as ScalingPause]),
      ),
    };
  }

  /** @param id null: everywhere */
  async pause(id: ServiceId | null, pause: ScalingPause): Promise<void> {
    const { redis, keys } = this.connection;
    await redis.hset(keys.scalingPauses(), id ?? EVERYWHERE, JSON.stringify(pause));
  }

  /** @returns whether it was paused */
  async resume(id: ServiceId | null): Promise<boolean> {
    const { redis, keys } = this.connection;
    return (await redis.hdel(keys.scalingPauses(), id ?? EVERYWHERE)) === 1;
  }
}
