import type { TokenData, TokenRecord } from '@waiter/core';

/** A token as it lies in Redis. */
export interface StoredToken extends TokenRecord {
  /** New with each write, never used again: what a writer compares, since two versions may have one hash. */
  readonly revision: string;
}

/** From the fields `data`, `hash`, `revision`; null when there is no such token. */
export function storedToken(
  name: string,
  [data, hash, revision]: readonly (string | null)[],
): StoredToken | null {
  if (typeof data !== 'string' || typeof revision !== 'string') return null;
  return { name, data: JSON.parse(data) as TokenData, hash: hash === '' ? null : (hash ?? null), revision };
}
