import {
  serviceStaleness,
  sourceTokensOf,
  staleDeadlineMs,
  type TokenData,
  type TokenLookup,
} from '@waiter/core';
import type { Context } from '../context';
import type { Service, Stale } from '../service/service';

/** Finds out which services are stale: everything that led to them leads to another version now. */
export class StaleServices {
  private running: Promise<void> | null = null;

  constructor(private readonly context: Context) {}

  /** Looks at every service; whoever asks meanwhile gets the same answer. */
  refresh(): Promise<void> {
    this.running ??= this.refreshOf([...this.context.services.values()]).finally(() => (this.running = null));
    return this.running;
  }

  /** Looks at these only: each takes a read of its references and of their tokens. */
  async refreshOf(services: readonly Service[]): Promise<void> {
    const { context } = this;
    const references = await context.store.references.ofAll(services.map(({ id }) => id));
    const names = new Set(
      [...references.values()]
        .flat()
        .flatMap(sourceTokensOf)
        .map(({ token }) => token),
    );
    const tokens = await this.tokens([...names]);
    for (const service of services) {
      service.references = references.get(service.id) ?? [];
      service.stale = this.staleness(service, (name) => tokens.get(name) ?? null);
    }
  }

  private async tokens(names: readonly string[]): Promise<ReadonlyMap<string, TokenData>> {
    const records = await this.context.store.tokens.getMany(names, { includeDeleted: true });
    return new Map(records.flatMap((record) => (record === null ? [] : [[record.name, record.data]])));
  }

  private staleness({ id, references }: Service, tokenOf: TokenLookup): Stale | null {
    const { options, logger } = this.context;
    try {
      const { stale, sinceMs } = serviceStaleness(references, tokenOf);
      if (!stale) return null;
      return { sinceMs, graceMs: staleDeadlineMs(references, 0, 0, tokenOf, options.descriptions) };
    } catch (error) {
      // What cannot be judged is kept (spec: services-and-tokens 5.8).
      logger.warn('whether a service is stale cannot be told', { service: id, error });
      return null;
    }
  }
}
