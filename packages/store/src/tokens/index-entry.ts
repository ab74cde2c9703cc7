import { own, tokenHash, type TokenData } from '@waiter/core';

/** What lists show of a token without reading it (spec: services-and-tokens 5.7). */
export interface TokenIndexEntry {
  readonly token: string;
  readonly owner: string;
  readonly deleted: boolean;
  /** Hash; null when soft-deleted. */
  readonly etag: string | null;
  /** Epoch ms. */
  readonly lastUpdateTimeMs: number | null;
  readonly maintenance: boolean;
}

/** Whose token it is: `owner`, else `run-as-user`, else nobody (''). */
export function ownerOf(data: TokenData): string {
  const owner = own(data, 'owner') ?? own(data, 'run-as-user');
  return typeof owner === 'string' ? owner : '';
}

export function indexEntry(token: string, data: TokenData): TokenIndexEntry {
  const time = own(data, 'last-update-time');
  return {
    token,
    owner: ownerOf(data),
    deleted: own(data, 'deleted') === true,
    etag: tokenHash(data),
    lastUpdateTimeMs: typeof time === 'number' ? time : null,
    maintenance: (own(data, 'maintenance') ?? null) !== null,
  };
}
