import { LRUCache } from 'lru-cache';
import { serviceEntryId, type ResolvedService } from '@waiter/core';
import type { NewService } from '@waiter/store';

/** A service that is in use is written again so often, because the scaler strikes idle ones off its list. */
const REPEAT_MS = 30_000;

/**
 * Makes sure that the scaler knows a service before somebody waits for it: one write per worker, then one every 30 s
 * in the background while requests come.
 */
export class ServiceRegistrar {
  private readonly writtenAt: LRUCache<string, number>;

  constructor(
    private readonly ensure: (service: NewService) => Promise<unknown>,
    maxEntries: number,
    private readonly onError: (error: unknown) => void,
  ) {
    this.writtenAt = new LRUCache({ max: maxEntries });
  }

  /** undefined: known already. Never rejects: a worker that holds leases serves on while Redis is away. */
  register(service: ResolvedService): Promise<void> | undefined {
    const sourceTokens = service.sourceTokens.filter(({ token }) => serviceEntryId(token) === null);
    const key = `${service.serviceId} ${sourceTokens.map(({ token, version }) => `${token}@${version}`).join(' ')}`;
    const last = this.writtenAt.get(key);
    const now = performance.now();
    if (last !== undefined && now - last < REPEAT_MS) return undefined;
    this.writtenAt.set(key, now);
    const { serviceId: id, core: description, effective } = service;
    const writing = this.ensure({ id, description, effective, sourceTokens }).then(
      () => undefined,
      (error: unknown) => {
        this.writtenAt.delete(key);
        this.onError(error);
      },
    );
    return last === undefined ? writing : undefined;
  }

  /** The service was changed or removed by somebody: the next request writes it again. */
  forget(serviceId: string): void {
    for (const key of this.writtenAt.keys()) {
      if (key.startsWith(`${serviceId} `)) this.writtenAt.delete(key);
    }
  }
}
