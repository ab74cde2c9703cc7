import { serviceEntryToken, type ResolvedService, type ServiceId, type TokenRecord } from '@waiter/core';
import type { Logger } from '@waiter/observability';
import type { Store } from '@waiter/store';
import { Interstitials, OperatorStates } from './admit';
import { ServiceHealth, ServiceRegistrar, TokenCache, type TokenSource } from './resolve';

/** What a worker remembers of Redis: tokens, services, their health and what operators say of them. The change feed corrects it. */
export class Knowledge {
  readonly tokens: TokenCache;
  readonly registrar: ServiceRegistrar;
  readonly health: ServiceHealth;
  readonly operators: OperatorStates;
  readonly interstitials: Interstitials;

  constructor(
    private readonly store: Store,
    cacheEntries: number,
    private readonly logger: Logger,
    private readonly nudge: (serviceId: ServiceId) => void,
  ) {
    this.tokens = new TokenCache(tokenSource(store), cacheEntries);
    this.registrar = new ServiceRegistrar(
      (service) => store.services.ensure(service),
      cacheEntries,
      (error) => logger.warn('a service could not be written to Redis', { error }),
    );
    this.health = new ServiceHealth((id) => store.instances.get(id), cacheEntries);
    this.operators = new OperatorStates(
      (serviceId) => store.serviceStates.get(serviceId),
      cacheEntries,
      (error) => logger.debug('what operators say of a service could not be read', { error }),
    );
    this.interstitials = new Interstitials(
      (id) => store.instances.get(id),
      (service) => this.ask(service, 'a service could not be asked for'),
      cacheEntries,
    );
  }

  /** Asks for instances of a service that nobody waits for. @param words what is logged when that fails */
  ask(service: ResolvedService, words: string): void {
    this.start(service).catch((error: unknown) =>
      this.logger.warn(words, { service: service.serviceId, error }),
    );
  }

  private async start(service: ResolvedService): Promise<void> {
    await this.registrar.register(service);
    await this.store.references.want(service.serviceId);
    this.nudge(service.serviceId);
  }

  /** @param onChange told after each change @returns what ends it */
  follow(onChange: () => void): Promise<() => void> {
    const { tokens, registrar, health, operators, interstitials } = this;
    return this.store.changes.subscribe(
      (notice) => {
        if (notice.type === 'token') tokens.drop(notice.token);
        else if (notice.type === 'instances') {
          health.notice(notice.service, notice.version, notice.healthy);
          interstitials.notice(notice.service, notice.healthy);
        } else if (notice.type === 'service') {
          registrar.forget(notice.service);
          operators.drop(notice.service);
        }
        onChange();
      },
      () => {
        registrar.forgetAll();
        tokens.dropAll();
        operators.dropAll();
        health.dropAll();
        interstitials.interrupted();
        onChange();
      },
    );
  }
}

function tokenSource(store: Store): TokenSource {
  return {
    token: (name) => store.tokens.get(name),
    serviceEntry: async (id): Promise<TokenRecord | null> => {
      const service = await store.services.get(id);
      return service === null ? null : serviceEntryToken(id, service.description);
    },
  };
}
