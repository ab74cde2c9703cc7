import type { InstanceId, ServiceId } from '@waiter/core';
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

const STREAM_LENGTH = 10_000;

/** The change feed: notices go out by publish (at once, may be missed) and stay in a capped stream (for catching up). */
export class ChangeFeed {
  constructor(private readonly connection: Connection) {}

  async publish(notice: ChangeNotice): Promise<void> {
    const { redis, keys } = this.connection;
    const text = JSON.stringify(notice);
    await redis
      .pipeline()
      .xadd(keys.events(), 'MAXLEN', '~', STREAM_LENGTH, '*', 'notice', text)
      .publish(keys.eventsChannel(), text)
      .exec();
  }

  /**
   * @param onInterruption called when the subscription was re-made: notices may have been missed, caches are void
   * @returns stops listening
   */
  async subscribe(listener: (notice: ChangeNotice) => void, onInterruption: () => void): Promise<() => void> {
    const channel = this.connection.keys.eventsChannel();
    const redis = this.connection.subscriptions();
    const onMessage = (from: string, text: string): void => {
      if (from === channel) listener(JSON.parse(text) as ChangeNotice);
    };
    redis.on('message', onMessage);
    await redis.subscribe(channel);
    redis.on('ready', onInterruption);
    return () => {
      redis.off('message', onMessage).off('ready', onInterruption);
      // Not awaited: nobody listens any more, and Redis may be away for good.
      void redis.unsubscribe(channel).catch(() => undefined);
    };
  }
}
