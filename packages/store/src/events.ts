import type { InstanceId, ServiceId } from '@waiter/core';
import { acknowledge, type Acknowledged } from './acknowledgements';
import type { Connection } from './connection';

/** Small notices of what changed; whoever cares reads the new state by key. */
export type ChangeNotice =
  | { readonly type: 'token'; readonly token: string; readonly owner?: string }
  | {
      readonly type: 'instances';
      readonly service: ServiceId;
      readonly version: number;
      /** Instances that take no new leases: drained, unhealthy or gone. */
      readonly closed: readonly InstanceId[];
      readonly healthy: number;
      /** Why no instance can get healthy; waiting requests fail with it. */
      readonly deploymentError: string | null;
    }
  | { readonly type: 'service'; readonly service: ServiceId };

/** The stream keeps at least so many notices. */
export const EVENTS_LENGTH = 10_000;

interface Listener {
  readonly onNotice: (notice: ChangeNotice) => void;
  readonly onInterruption: () => void;
}

/** The one subscription of a connection, however many listen to it: a notice is acknowledged after the last of them. */
class Subscription {
  private readonly listeners = new Set<Listener>();

  constructor(private readonly connection: Connection) {}

  private readonly onMessage = (from: string, text: string): void => {
    if (from !== this.connection.keys.eventsChannel()) return;
    const { ack, ...notice } = JSON.parse(text) as ChangeNotice & Acknowledged;
    for (const { onNotice } of this.listeners) onNotice(notice);
    if (ack !== undefined) acknowledge(this.connection, ack);
  };

  private readonly onReady = (): void => {
    // ioredis says `ready` before Redis has the subscription again; what happens in between must not be missed.
    this.connection
      .subscriptions()
      .subscribe(this.connection.keys.eventsChannel())
      .then(
        () => this.listeners.forEach(({ onInterruption }) => onInterruption()),
        // Gone once more: the next `ready` tries again.
        () => undefined,
      );
  };

  async add(listener: Listener): Promise<() => void> {
    const redis = this.connection.subscriptions();
    const isFirst = this.listeners.size === 0;
    this.listeners.add(listener);
    if (isFirst) redis.on('message', this.onMessage);
    await redis.subscribe(this.connection.keys.eventsChannel());
    if (!redis.listeners('ready').includes(this.onReady)) redis.on('ready', this.onReady);
    return () => this.remove(listener);
  }

  private remove(listener: Listener): void {
    if (!this.listeners.delete(listener) || this.listeners.size > 0) return;
    const redis = this.connection.subscriptions();
    redis.off('message', this.onMessage).off('ready', this.onReady);
    // Not awaited: nobody listens any more, and Redis may be away for good.
    void redis.unsubscribe(this.connection.keys.eventsChannel()).catch(() => undefined);
  }
}

const subscriptions = new WeakMap<Connection, Subscription>();

function subscriptionOf(connection: Connection): Subscription {
  const existing = subscriptions.get(connection);
  if (existing !== undefined) return existing;
  const created = new Subscription(connection);
  subscriptions.set(connection, created);
  return created;
}

/**
 * The change feed: notices go out by publish (at once, may be missed) and stay in a capped stream (for catching up).
 * Listeners act before they return: a writer may wait until all have (`acknowledgements.ts`).
 */
export class ChangeFeed {
  constructor(private readonly connection: Connection) {}

  async publish(notice: ChangeNotice): Promise<void> {
    const { redis, keys } = this.connection;
    const text = JSON.stringify(notice);
    await redis
      .pipeline()
      .xadd(keys.events(), 'MAXLEN', '~', EVENTS_LENGTH, '*', 'notice', text)
      .publish(keys.eventsChannel(), text)
      .exec();
  }

  /**
   * @param onInterruption called when the subscription was re-made: notices may have been missed, caches are void
   * @returns stops listening
   */
  subscribe(listener: (notice: ChangeNotice) => void, onInterruption: () => void): Promise<() => void> {
    return subscriptionOf(this.connection).add({ onNotice: listener, onInterruption });
  }
}
