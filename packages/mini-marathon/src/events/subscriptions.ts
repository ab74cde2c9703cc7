import type { Logger } from '../logger';
import type { Records } from '../state/records';
import type { EventBus, MarathonEvent } from './event-bus';
import { eventView } from './event-view';

export interface Subscription {
  readonly callbackUrl: string;
}

const MAX_WAITING = 1024;
const TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/**
 * Callback URLs that every event is posted to, as older Marathons offer beside the event stream. One event at a time and in
 * order for each. A URL that fails is left alone for a while, which doubles with each failure; what happens meanwhile it never hears.
 */
export class Subscriptions {
  private readonly callbacks = new Map<string, Callback>();

  constructor(
    private readonly records: Records<Subscription>,
    private readonly events: EventBus,
    private readonly logger: Logger,
  ) {
    for (const { callbackUrl } of records.read()) this.attach(callbackUrl);
  }

  list(): string[] {
    return [...this.callbacks.keys()];
  }

  add(callbackUrl: string): void {
    if (this.callbacks.has(callbackUrl)) return;
    this.attach(callbackUrl);
    this.records.put(callbackUrl, () => ({ callbackUrl }));
  }

  remove(callbackUrl: string): void {
    this.callbacks.get(callbackUrl)?.close();
    this.callbacks.delete(callbackUrl);
    this.records.delete(callbackUrl);
  }

  close(): void {
    for (const callback of this.callbacks.values()) callback.close();
  }

  private attach(callbackUrl: string): void {
    const callback = new Callback(callbackUrl, this.logger);
    callback.onClose(this.events.subscribe((event) => callback.send(event)));
    this.callbacks.set(callbackUrl, callback);
  }
}

class Callback {
  private readonly waiting: MarathonEvent[] = [];
  private readonly abort = new AbortController();
  private sending = false;
  private failures = 0;
  private silentUntilMs = 0;

  constructor(
    private readonly url: string,
    private readonly logger: Logger,
  ) {}

  onClose(detach: () => void): void {
    this.abort.signal.addEventListener('abort', detach, { once: true });
  }

  send(event: MarathonEvent): void {
    if (performance.now() < this.silentUntilMs || this.waiting.length >= MAX_WAITING) return;
    this.waiting.push(event);
    if (!this.sending) void this.sendWaiting();
  }

  close(): void {
    this.abort.abort();
  }

  private async sendWaiting(): Promise<void> {
    this.sending = true;
    for (let event = this.waiting.shift(); event !== undefined; event = this.waiting.shift()) {
      try {
        await this.post(event);
        this.failures = 0;
      } catch (error) {
        if (this.abort.signal.aborted) return;
        this.rest(error as Error);
      }
    }
    this.sending = false;
  }

  private async post(event: MarathonEvent): Promise<void> {
    const answer = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(eventView(event, false)),
      signal: AbortSignal.any([this.abort.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`status ${answer.status}`);
  }

  private rest(error: Error): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.failures++, LONGEST_PAUSE_MS);
    this.silentUntilMs = performance.now() + pauseMs;
    this.waiting.length = 0;
    this.logger.warn('a subscriber does not take events', { url: this.url, pauseMs, error: error.message });
  }
}
