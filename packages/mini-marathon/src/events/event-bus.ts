import type { Clock } from '@waiter/core';
import { timestamp } from '../timestamp';

/** An event as it goes over the wire; all have `eventType` and `timestamp` (4B.7). */
export type MarathonEvent = Readonly<Record<string, unknown>> & {
  readonly eventType: string;
  readonly timestamp: string;
};

export type Subscriber = (event: MarathonEvent) => void;

/** Hands every event to every subscriber, in order, before `publish` returns. */
export class EventBus {
  private readonly subscribers = new Map<Subscriber, () => void>();

  constructor(private readonly clock: Clock) {}

  publish(eventType: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.subscribers.size === 0) return;
    const event: MarathonEvent = { ...fields, eventType, timestamp: timestamp(this.clock.now()) };
    for (const subscriber of [...this.subscribers.keys()]) subscriber(event);
  }

  /**
   * @param ended is called when there will be no more events here
   * @returns how to end it
   */
  subscribe(subscriber: Subscriber, ended: () => void = () => undefined): () => void {
    this.subscribers.set(subscriber, ended);
    return () => void this.subscribers.delete(subscriber);
  }

  /** This server leads no longer: who listens has to ask another. */
  end(): void {
    for (const ended of [...this.subscribers.values()]) ended();
  }
}
