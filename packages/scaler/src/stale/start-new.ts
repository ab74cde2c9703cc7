import {
  isRunAsRequester,
  own,
  requiresParameters,
  resolveService,
  serviceEntryId,
  sourceTokensOf,
  tokenTemplate,
  type Json,
  type ServiceId,
} from '@waiter/core';
import type { Context } from '../context';
import type { Rounds } from '../scale/rounds';
import type { Service } from '../service/service';
import type { StaleServices } from './stale-services';

/**
 * Starts the latest version of a token whose earlier one is still in use, so that clients which do not come through a
 * router, or are served by a fallback, get to it (spec: services-and-tokens 5.10).
 */
export class StartNewServices {
  private readonly lastRequests = new Map<ServiceId, number>();
  private ranAtMs: number | null = null;

  constructor(
    private readonly context: Context,
    private readonly stale: StaleServices,
    private readonly rounds: Rounds,
  ) {}

  async run(): Promise<void> {
    const { context } = this;
    const demand = await context.store.load.demand();
    this.ranAtMs = context.clock.now();
    const used = [...context.services.values()].filter(({ id, known }) => known || demand.has(id));
    await this.stale.refreshOf(used);
    const tokens = new Set<string>();
    for (const service of used) {
      const requestedAtMs = demand.get(service.id)?.lastRequestAtMs ?? null;
      if (requestedAtMs === null || !this.isNews(service.id, requestedAtMs)) continue;
      const token = tokenToStart(service, requestedAtMs);
      if (token !== null) tokens.add(token);
    }
    for (const id of this.lastRequests.keys()) if (!context.services.has(id)) this.lastRequests.delete(id);
    await Promise.all(
      [...tokens].map((token) =>
        this.startLatest(token).catch((error: unknown) =>
          context.logger.warn('the latest version of a token could not be started', { token, error }),
        ),
      ),
    );
  }

  /** What `/state/start-new-services-maintainer` shows. */
  state(): Json {
    return {
      'last-update-time': this.ranAtMs === null ? null : new Date(this.ranAtMs).toISOString(),
      'service-id->last-request-time': Object.fromEntries(
        [...this.lastRequests].map(([id, atMs]) => [id, new Date(atMs).toISOString()]),
      ),
      'supported-include-params': [],
    };
  }

  private isNews(id: ServiceId, requestedAtMs: number): boolean {
    const before = this.lastRequests.get(id) ?? 0;
    this.lastRequests.set(id, requestedAtMs);
    return requestedAtMs > before;
  }

  private async startLatest(token: string): Promise<void> {
    const { store, options, ended } = this.context;
    const record = await store.tokens.get(token);
    if (record === null || ended) return;
    const template = tokenTemplate([record]);
    const user = own(template, 'run-as-user');
    if (typeof user !== 'string' || isRunAsRequester(template) || requiresParameters(template)) return;
    const { serviceId, core, effective, sourceTokens } = resolveService(
      { headers: {}, source: 'host-header', names: [token], tokens: [record], user },
      options.descriptions,
    );
    await store.services.ensure({ id: serviceId, description: core, effective, sourceTokens });
    if (this.context.services.get(serviceId)?.known === true) return;
    await store.references.want(serviceId);
    await this.rounds.evaluate(serviceId, this.context.clock.now());
  }
}

/** The only token that leads to a stale service that was used after it had gone stale; else null. */
export function tokenToStart({ stale, references }: Service, requestedAtMs: number): string | null {
  if (stale === null || (stale.sinceMs !== null && requestedAtMs < stale.sinceMs)) return null;
  const names = references.flatMap(sourceTokensOf).map(({ token }) => token);
  const [token, ...others] = new Set(names.filter((name) => serviceEntryId(name) === null));
  return token === undefined || others.length > 0 ? null : token;
}
