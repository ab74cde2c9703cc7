import { LRUCache } from 'lru-cache';
import { serviceEntryId, WaiterError, type TokenRecord } from '@waiter/core';

/** Where tokens come from: the store. */
export interface TokenSource {
  /** @returns null when the token is absent or soft-deleted */
  token(name: string): Promise<TokenRecord | null>;
  /** The service behind a name like `^SERVICE-ID#<id>`, as a token; null when unknown. */
  serviceEntry(id: string, name: string): Promise<TokenRecord | null>;
}

interface Entry {
  /** Absent tokens are remembered too: every request to an own host name asks for one. */
  readonly record: TokenRecord | null;
  /** Still served while Redis does not answer (DESIGN section 5, invariant 6). */
  stale: boolean;
}

/** Token records by name. The change feed keeps it true, so that a request for a known token asks nobody. */
export class TokenCache {
  private readonly entries: LRUCache<string, Entry>;
  private readonly loads = new Map<string, Promise<TokenRecord | null>>();

  constructor(
    private readonly source: TokenSource,
    maxEntries: number,
  ) {
    this.entries = new LRUCache({ max: maxEntries });
  }

  /** The record where it is at hand; undefined: it must be loaded. */
  known(name: string): TokenRecord | null | undefined {
    const entry = this.entries.get(name);
    return entry === undefined || entry.stale ? undefined : entry.record;
  }

  /** @throws WaiterError 503 when the token is not known here and Redis does not answer */
  async get(name: string): Promise<TokenRecord | null> {
    const known = this.known(name);
    if (known !== undefined) return known;
    const running = this.loads.get(name) ?? this.load(name);
    try {
      return await running;
    } catch (error) {
      const old = this.entries.get(name);
      if (old !== undefined) return old.record;
      throw new WaiterError('The token registry does not answer; please retry the request.', {
        status: 503,
        errorCause: 'service-error',
        headers: { 'retry-after': '1' },
        cause: error,
      });
    }
  }

  private load(name: string): Promise<TokenRecord | null> {
    const id = serviceEntryId(name);
    const loading = (id === null ? this.source.token(name) : this.source.serviceEntry(id, name)).then(
      (record) => {
        // Dropped meanwhile: what was read may be older than the notice.
        const isNews = this.loads.get(name) === loading;
        // No notice tells when a service is first stored, so its absence is not remembered.
        if (isNews && (record !== null || id === null)) this.entries.set(name, { record, stale: false });
        return record;
      },
    );
    this.loads.set(name, loading);
    const done = (): void => {
      if (this.loads.get(name) === loading) this.loads.delete(name);
    };
    loading.then(done, done);
    return loading;
  }

  /** The token was written. */
  drop(name: string): void {
    this.loads.delete(name);
    const entry = this.entries.get(name);
    if (entry !== undefined) entry.stale = true;
  }

  /** Notices may have been missed. */
  dropAll(): void {
    this.loads.clear();
    for (const entry of this.entries.values()) entry.stale = true;
  }
}
