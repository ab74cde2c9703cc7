import { setTimeout as pause } from 'node:timers/promises';
import { SchedulerError } from '../port';
import { refused } from './answers';
import type { MarathonClient } from './client';
import { EVENT_TYPES } from './events';
import type { CompiledMarathonOptions } from './options';
import { SseParser, type SseEvent } from './sse-parser';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2000;
/** While the stream is down, listeners learn of changes only by listing. */
const RECONCILE_DISCONNECTED_MS = 1000;

export interface EventStreamListener {
  onEvent(event: SseEvent): void;
  /** Anything may have happened: after every (re)connection, and each time that reconciling is due. */
  onChanged(): void;
}

/** Keeps one connection to `/v2/events` open, and says when to list again. */
export class MarathonEventStream {
  private readonly stopping = new AbortController();
  /** In full, each event of a deployment would hold every app of the cluster, twice. */
  private readonly path = `/v2/events?plan-format=light&${EVENT_TYPES.map((type) => `event_type=${type}`).join('&')}`;
  private timer: NodeJS.Timeout | null = null;
  private done: Promise<void> | null = null;

  constructor(
    private readonly client: MarathonClient,
    private readonly options: CompiledMarathonOptions,
    private readonly listener: EventStreamListener,
  ) {}

  start(): void {
    if (this.done !== null) return;
    this.reconcileIn(Math.min(this.options.reconcileMs, RECONCILE_DISCONNECTED_MS));
    this.done = this.run();
  }

  async close(): Promise<void> {
    this.stopping.abort();
    if (this.timer !== null) clearTimeout(this.timer);
    await this.done;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    let failures = 0;
    while (!signal.aborted) {
      const error = await this.follow(() => (failures = 0));
      if (signal.aborted) return;
      const say = failures === 0 ? 'warn' : 'debug';
      this.options.logger[say]('the event stream of Marathon ended', { error, failures });
      this.reconcileIn(Math.min(this.options.reconcileMs, RECONCILE_DISCONNECTED_MS));
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
      failures += 1;
      // Spread, so that many scalers do not come back in step.
      await pause(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    }
  }

  /** One connection, until it ends. Resolves with the reason. */
  private async follow(onAlive: () => void): Promise<unknown> {
    try {
      const answer = await this.client.stream(this.path, this.stopping.signal);
      if (answer.statusCode !== 200) {
        const text = await answer.body.text();
        return refused(
          { method: 'GET', path: '/v2/events' },
          { status: answer.statusCode, text, json: undefined },
        );
      }
      this.options.logger.info('listening to the events of Marathon');
      this.changed();
      this.reconcileIn(this.options.reconcileMs);
      const parser = new SseParser();
      for await (const chunk of answer.body as AsyncIterable<Buffer>) {
        onAlive();
        for (const event of parser.push(chunk)) this.listener.onEvent(event);
      }
      return new SchedulerError('Marathon closed it', null, true);
    } catch (error) {
      return error;
    }
  }

  private changed(): void {
    if (!this.stopping.signal.aborted) this.listener.onChanged();
  }

  private reconcileIn(ms: number): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.stopping.signal.aborted) return;
    this.timer = setTimeout(() => {
      this.reconcileIn(ms);
      this.changed();
    }, ms);
  }
}
