import { LRUCache } from 'lru-cache';
import type { RequestTokens } from './service-resolver';

/**
 * What was worked out of tokens and more. One cache for all of them: names and on-the-fly headers come from anybody, and a
 * cache for each name would be large before anything is in it.
 */
export class DerivedFromTokens<T> {
  private readonly entries: LRUCache<string, { readonly tokens: RequestTokens; readonly value: T }>;

  constructor(max: number) {
    this.entries = new LRUCache({ max });
  }

  /** @param key names the tokens too, but not their version */
  of(tokens: RequestTokens, key: string, make: () => T): T {
    const entry = this.entries.get(key);
    if (entry?.tokens === tokens) return entry.value;
    const value = make();
    this.entries.set(key, { tokens, value });
    return value;
  }
}
