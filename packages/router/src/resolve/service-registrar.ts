import { LRUCache } from 'lru-cache';
import type { ResolvedService } from '@waiter/core';
import type { NewService } from '@waiter/store';

/** A service that is in use is written again so often, because the scaler strikes idle ones off its list. */
const REPEAT_MS = 30_000;
const NEVER = -Infinity;

/** When a service was last written with one set of source tokens. */
interface Mark {
  writtenAt: number;
}

/**
 * Makes sure that the scaler knows a service, and how it came to be used, before somebody waits for it: one write per
 * worker and combination of tokens, then one every 30 s in the background while requests come.
 */
export class ServiceRegistrar {
  private readonly marks: LRUCache<string, Mark>;
  /** The same marks by object: resolved services are cached, and a warm request shall build no key. */
  private readonly known = new WeakMap<ResolvedService, Mark>();

  constructor(
    private readonly ensure: (service: NewService) => Promise<unknown>,
    maxEntries: number,
    private readonly onError: (error: unknown) => void,
  ) {
    this.marks = new LRUCache({ max: maxEntries, dispose: (mark) => (mark.writtenAt = NEVER) });
  }

  /** undefined: known already. Never rejects: a worker that holds leases serves on while Redis is away. */
  register(service: ResolvedService): Promise<void> | undefined {
    const mark = this.known.get(service) ?? this.markOf(service);
    const last = mark.writtenAt;
    const now = performance.now();
    if (now - last < REPEAT_MS) return undefined;
    mark.writtenAt = now;
    const { serviceId: id, core: description, effective, sourceTokens } = service;
    const writing = this.ensure({ id, description, effective, sourceTokens }).then(
      () => undefined,
      (error: unknown) => {
        mark.writtenAt = NEVER;
        this.onError(error);
      },
    );
    return last === NEVER ? writing : undefined;
  }

  private markOf(service: ResolvedService): Mark {
    const { serviceId, sourceTokens } = service;
    const key = `${serviceId} ${sourceTokens.map(({ token, version }) => `${token}@${version}`).join(' ')}`;
    let mark = this.marks.get(key);
    if (mark === undefined) {
      mark = { writtenAt: NEVER };
      this.marks.set(key, mark);
    }
    this.known.set(service, mark);
    return mark;
  }

  /** Redis was away and may have lost what it was told: the next request for each service writes it again. */
  forgetAll(): void {
    for (const mark of this.marks.values()) mark.writtenAt = NEVER;
  }

  /** The service was changed or removed by somebody: the next request writes it again. */
  forget(serviceId: string): void {
    for (const [key, mark] of this.marks.entries()) {
      if (key.startsWith(`${serviceId} `)) mark.writtenAt = NEVER;
    }
  }
}
