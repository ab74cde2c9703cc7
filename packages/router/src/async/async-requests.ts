import { asyncTimeouts, type AsyncRules, type ResolvedService, type ServiceId } from '@waiter/core';
import type { AsyncRequest, Store } from '@waiter/store';
import type { RequestHead } from '../accept';
import type { ReleaseOutcome, Slot } from '../reserve';
import type { AsyncUrls } from './async-url';
import { sameServerLocation, valueOf } from './location';
import { CHECK_TIMEOUT_MS, GRACE_MS, Monitor, type MonitorHome } from './monitor';
import { baseOf, type AsyncState } from './status-check';

/** How often is looked for requests that nobody looks after, and how many are taken at a time: others want some too. */
const TAKE_OVER_MS = 1_000;
const TAKEN_AT_ONCE = 20;
/** How often the end of a request is told again to a Redis that did not answer. */
const RETRY_MS = 500;

export type AsyncEvent = 'accepted' | 'taken-over' | 'checked' | 'over' | 'failed';

export interface AsyncRequestsParts {
  readonly workerId: string;
  readonly routerId: string;
  readonly store: Store;
  readonly urls: AsyncUrls;
  readonly rules: AsyncRules;
  /** Asks the instance how far it is. */
  readonly look: (request: AsyncRequest, timeoutMs: number) => Promise<AsyncState>;
  readonly onEvent: (serviceId: ServiceId, event: AsyncEvent) => void;
}

/**
 * The async requests that this worker looks after (spec: request-path 7). What is known of them is in Redis, with their
 * slots: when a worker ends in whatever way, another one goes on.
 */
export class AsyncRequests implements MonitorHome {
  private readonly monitors = new Map<string, Monitor>();
  /** Over, but Redis does not know it yet. */
  private readonly unfinished = new Map<string, ServiceId>();
  private readonly timers: NodeJS.Timeout[] = [];
  private unsubscribe: (() => void) | undefined;
  private draining = false;
  interruptions = 0;

  constructor(private readonly parts: AsyncRequestsParts) {}

  get workerId(): string {
    return this.parts.workerId;
  }

  get store(): Store['asyncRequests'] {
    return this.parts.store.asyncRequests;
  }

  async start(): Promise<void> {
    const { store } = this.parts;
    store.connection.redis.on('close', () => (this.interruptions += 1));
    this.unsubscribe = await store.changes.subscribe(
      () => undefined,
      () => void this.restate(),
    );
    this.timers.push(
      setInterval(() => void this.takeOver(), TAKE_OVER_MS),
      setInterval(() => void this.tellUnfinished(), RETRY_MS),
    );
  }

  /**
   * Whether the response of an instance begins an async request; then with the `location` that its client is told.
   * @param raw headers of the response, names and values in turn
   */
  accepted(
    head: RequestHead,
    service: ResolvedService,
    slot: Slot,
    raw: readonly string[],
  ): { readonly request: AsyncRequest; readonly location: string } | null {
    const { serviceId, compiled } = service;
    const { host, port, instanceId } = slot;
    const protocol = compiled.backendProto;
    const base = baseOf({ protocol, host, port, location: head.target });
    const location = sameServerLocation(base, valueOf(raw, 'location'));
    if (location === null) return null;
    const { requestId, cid } = head;
    const { checkIntervalMs, timeoutMs } = asyncTimeouts(head.headers, this.parts.rules);
    const request: AsyncRequest = {
      requestId,
      serviceId,
      instanceId,
      host,
      port,
      protocol,
      location,
      cid,
      checkIntervalMs,
      untilMs: Date.now() + timeoutMs,
    };
    const address = { requestId, routerId: this.parts.routerId, serviceId, host, port, protocol: null };
    return { request, location: this.parts.urls.write('status', address, location) };
  }

  /** The response that began it is complete: its slot is the request's now. */
  begin(request: AsyncRequest, slot: Slot): void {
    this.parts.onEvent(request.serviceId, 'accepted');
    this.watch(request, slot).wait();
  }

  private watch(request: AsyncRequest, slot: Slot | null): Monitor {
    const monitor = new Monitor(this, request, slot);
    this.monitors.set(request.requestId, monitor);
    return monitor;
  }

  async look(request: AsyncRequest, timeoutMs: number): Promise<AsyncState> {
    this.parts.onEvent(request.serviceId, 'checked');
    return this.parts.look(request, timeoutMs);
  }

  over(serviceId: ServiceId, requestId: string, state: 'over' | 'failed'): void {
    this.parts.onEvent(serviceId, state);
    this.finish(serviceId, requestId, state === 'over' ? 'success' : 'instance-error');
  }

  /** It is over, whoever looks after it. */
  finish(serviceId: ServiceId, requestId: string, outcome: ReleaseOutcome = 'success'): void {
    const monitor = this.monitors.get(requestId);
    this.dropped(requestId);
    monitor?.slot?.release(outcome);
    this.unfinished.set(requestId, serviceId);
    void this.tell(requestId, serviceId);
  }

  dropped(requestId: string): void {
    this.monitors.get(requestId)?.stop();
    this.monitors.delete(requestId);
  }

  private async tell(requestId: string, serviceId: ServiceId): Promise<void> {
    try {
      await this.store.finish(serviceId, requestId);
      this.unfinished.delete(requestId);
    } catch {
      // Redis is away; it is told again.
    }
  }

  private async tellUnfinished(): Promise<void> {
    for (const [requestId, serviceId] of [...this.unfinished]) await this.tell(requestId, serviceId);
  }

  /** Requests that nobody looks after, because their worker is gone or cannot reach Redis. */
  private async takeOver(): Promise<void> {
    try {
      for (const [serviceId, requestId] of await this.store.overdue(TAKEN_AT_ONCE)) {
        if (this.draining || this.monitors.has(requestId) || this.unfinished.has(requestId)) continue;
        const forMs = CHECK_TIMEOUT_MS + GRACE_MS;
        const held = await this.store.hold(serviceId, requestId, this.workerId, forMs, 'claim');
        if (held.status !== 'held') continue;
        this.parts.onEvent(serviceId, 'taken-over');
        void this.watch(held.request, null).look(true);
      }
    } catch {
      // Redis is away.
    }
  }

  /** Redis was away, and may have lost what it knew. Slots must be stated before anything is scaled by them. */
  private async restate(): Promise<void> {
    await Promise.all([...this.monitors.values()].map((monitor) => monitor.restate().catch(() => undefined)));
  }

  /** Another worker goes on: at once, where there is one. */
  async drain(): Promise<void> {
    this.draining = true;
    for (const timer of this.timers) clearInterval(timer);
    this.unsubscribe?.();
    const monitors = [...this.monitors.values()];
    for (const { request } of monitors) this.dropped(request.requestId);
    await Promise.all(
      monitors.map(({ request }) =>
        this.store
          .hold(request.serviceId, request.requestId, this.workerId, 0, 'renew')
          .catch(() => undefined),
      ),
    );
    await this.tellUnfinished();
  }
}
