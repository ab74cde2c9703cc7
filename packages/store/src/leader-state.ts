import type { Epoch, Json } from '@waiter/core';
import type { Connection } from './connection';

/** Parts of the leader that are shown at `/state/<component>` by routers, which have no other way to ask it. */
export type LeaderComponent = 'autoscaler' | 'launch-metrics' | 'scheduler' | 'start-new-services-maintainer';

/** What the leader tells of itself every few seconds. For people; nobody acts on it. */
export class LeaderStateStore {
  constructor(private readonly connection: Connection) {}

  /** @returns false when a later leader has been elected */
  async save(epoch: Epoch, states: Readonly<Record<LeaderComponent, Json>>): Promise<boolean> {
    const { keys } = this.connection;
    const rows = Object.entries(states).flatMap(([name, state]) => [name, JSON.stringify(state)]);
    return (
      (await this.connection.run(
        'save-leader-state',
        [keys.leaderState(), keys.epoch()],
        [epoch, ...rows],
      )) === 1
    );
  }

  /** Null before a leader has said anything. */
  async read(component: LeaderComponent): Promise<Json> {
    const { redis, keys } = this.connection;
    const text = await redis.hget(keys.leaderState(), component);
    return text === null ? null : (JSON.parse(text) as Json);
  }
}
