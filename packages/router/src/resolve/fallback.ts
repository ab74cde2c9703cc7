import { LRUCache } from 'lru-cache';
import { fallbackUntilMs, serviceInUse, type HeaderMap, type ResolvedService } from '@waiter/core';
import type { ServiceHealth } from './service-health';
import type { RequestTokens, ServiceResolver } from './service-resolver';

/** While an earlier version serves, the scaler is reminded of the latest so often, by each worker. */
const REMIND_MS = 2_000;

/** A request and what it leads to by the tokens as they are now. */
export interface LatestService {
  readonly tokens: RequestTokens;
  readonly headers: HeaderMap;
  readonly user: string | null;
  readonly latest: ResolvedService;
  /** The user agreed that services of the token run as himself. */
  readonly consented?: boolean;
  /** Epoch ms. */
  readonly arrivedAtMs: number;
}

/** Lets an earlier version serve while the latest is not up yet (spec: request-path 8.6). */
export class Fallback {
  private readonly remindedAt: LRUCache<string, number>;

  constructor(
    private readonly resolver: ServiceResolver,
    private readonly health: ServiceHealth,
    /** Sees to it that the latest version gets started, if the user may use it. */
    private readonly start: (latest: ResolvedService, user: string | null) => void,
    maxEntries: number,
  ) {
    this.remindedAt = new LRUCache({ max: maxEntries });
  }

  /** The service that serves. Synchronous outside the fallback window, and where all healths are known. */
  choose(request: LatestService): ResolvedService | Promise<ResolvedService> {
    const { tokens, headers, user, latest, arrivedAtMs, consented } = request;
    if (arrivedAtMs >= fallbackUntilMs(headers, latest)) return latest;
    if (this.health.known(latest.serviceId) === true) return latest;
    const earlier = this.resolver.earlier(tokens, headers, user, consented);
    if (earlier.length === 0) return latest;
    const unknown = [latest, ...earlier].filter(
      ({ serviceId }) => this.health.known(serviceId) === undefined,
    );
    if (unknown.length === 0) return this.pick(request, earlier);
    return Promise.all(unknown.map(({ serviceId }) => this.health.load(serviceId))).then(() =>
      this.pick(request, earlier),
    );
  }

  private pick({ latest, user }: LatestService, earlier: readonly ResolvedService[]): ResolvedService {
    // Of whose health nothing can be learned, the latest is the one to wait for.
    const isHealthy = (id: string): boolean => this.health.presumed(id) ?? id === latest.serviceId;
    const service = serviceInUse(latest, earlier, isHealthy);
    if (service !== latest) this.remind(latest, user);
    return service;
  }

  private remind(latest: ResolvedService, user: string | null): void {
    const now = performance.now();
    if (now - (this.remindedAt.get(latest.serviceId) ?? -Infinity) < REMIND_MS) return;
    this.remindedAt.set(latest.serviceId, now);
    this.start(latest, user);
  }
}
