import { LRUCache } from 'lru-cache';
import type { ResolvedService, ServiceId } from '@waiter/core';
import type { InstanceSnapshot } from '@waiter/store';
import type { RequestHead } from '../accept';
import type { Answer } from '../respond';

/** The scaler is reminded of a service that starts so often, by each worker. */
const REMIND_MS = 2_000;
const BYPASS = 'x-waiter-bypass-interstitial=';
/** Only as the last parameter; anywhere else it is one of the service's own. */
const LAST = /(?:^|&)x-waiter-bypass-interstitial=(\d{1,15})$/;

/** How the start of one service is going, as one worker knows. */
interface Start {
  /** Monotonic milliseconds. */
  since: number;
  /** An instance was healthy, or the time is over: nobody is shown the page any more. */
  over: boolean;
  /** Something has changed since the instances were looked at. */
  stale: boolean;
  /** When the service was last asked for. */
  askedAt: number;
}

/**
 * Shows browsers a page while a service starts, in place of a request that hangs (spec: request-path 8.1). The promise
 * of a first healthy instance is kept or broken by the change feed; it is made anew when the service has gone.
 */
export class Interstitials {
  private readonly starts: LRUCache<ServiceId, Start>;

  constructor(
    private readonly read: (id: ServiceId) => Promise<InstanceSnapshot | null>,
    /** Sees to it that the service gets started while the page is shown. */
    private readonly start: (service: ResolvedService) => void,
    maxEntries: number,
  ) {
    this.starts = new LRUCache({ max: maxEntries });
  }

  /** Takes the parameter off by which the page comes back: it is not meant for the service. */
  static strip(head: RequestHead): void {
    const { queryString, path } = head;
    if (queryString?.includes(BYPASS) !== true) return;
    const rest = queryString.replace(LAST, '');
    if (rest !== queryString) head.target = rest === '' ? path : `${path}?${rest}`;
  }

  /** The leader published. Services show up here before anybody asks for them, so that all workers count alike. */
  notice(id: ServiceId, healthyInstances: number): void {
    const start = this.startOf(id);
    if (healthyInstances > 0) start.over = true;
    else start.stale = true;
  }

  /** Notices may have been missed. */
  interrupted(): void {
    for (const start of this.starts.values()) start.stale = true;
  }

  /** @returns null: the request goes on */
  answer(head: RequestHead, service: ResolvedService): Answer | null | Promise<Answer | null> {
    if (service.onTheFly || head.headers['accept']?.includes('text/html') !== true) return null;
    const start = this.startOf(service.serviceId);
    if (!start.stale) return this.decide(head, service, start);
    return this.read(service.serviceId).then(
      (snapshot) => {
        this.note(start, snapshot);
        return this.decide(head, service, start);
      },
      // Redis is away: there is nothing to show a page for.
      () => null,
    );
  }

  private startOf(id: ServiceId): Start {
    let start = this.starts.get(id);
    if (start === undefined) {
      start = { since: performance.now(), over: false, stale: true, askedAt: -Infinity };
      this.starts.set(id, start);
    }
    return start;
  }

  private note(start: Start, snapshot: InstanceSnapshot | null): void {
    start.stale = false;
    const isGone = snapshot === null || (snapshot.requested === 0 && snapshot.instances.length === 0);
    if (isGone && start.over) {
      start.over = false;
      start.since = performance.now();
    } else if (snapshot?.instances.some(({ healthy, draining }) => healthy && !draining) === true) {
      start.over = true;
    }
  }

  private decide(head: RequestHead, service: ResolvedService, start: Start): Answer | null {
    const now = performance.now();
    if (now - start.since >= service.compiled.interstitialMs) start.over = true;
    if (start.over) return null;
    if (now - start.askedAt >= REMIND_MS) {
      start.askedAt = now;
      this.start(service);
    }
    const until = LAST.exec(head.queryString ?? '')?.[1];
    if (until !== undefined && head.arrivedAtMs <= Number(until)) return null;
    const location = `/waiter-interstitial${head.target}`;
    return { status: 303, headers: { location, 'x-waiter-interstitial': 'true' }, body: '' };
  }
}
