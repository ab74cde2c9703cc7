import { randomUUID } from 'node:crypto';
import { type TokenData, tokenHash, WaiterError } from '@waiter/core';
import type { Connection } from '../connection';
import { indexEntry, ownerOf } from './index-entry';
import type { StoredToken } from './stored-token';

const EVENTS_LENGTH = 10_000;

const notice = (token: string, owner: string): string => JSON.stringify({ type: 'token', token, owner });

export interface NewVersion {
  readonly name: string;
  /** With its history. */
  readonly data: TokenData;
  /** What was read and is replaced. */
  readonly current: StoredToken | null;
  /** Live tokens the owner may have besides this one; undefined: any number. */
  readonly limit?: number | undefined;
}

/**
 * Stores a version over the one that was read.
 * @returns its hash (null: soft-deleted); undefined when another writer was faster
 * @throws WaiterError 403 at the owner's limit
 */
export async function storeVersion(
  connection: Connection,
  { name, data, current, limit }: NewVersion,
): Promise<string | null | undefined> {
  const { keys } = connection;
  const hash = tokenHash(data);
  const owner = ownerOf(data);
  const previousOwner = current === null ? owner : ownerOf(current.data);
  const reply = await connection.run(
    'write-token',
    [
      keys.token(name),
      keys.tokenIndex(),
      keys.owner(owner),
      keys.owner(previousOwner),
      keys.owners(),
      keys.events(),
    ],
    [
      current?.revision ?? '',
      randomUUID(),
      JSON.stringify(data),
      hash ?? '',
      name,
      owner,
      JSON.stringify(indexEntry(name, data)),
      hash === null ? 0 : 1,
      limit ?? '',
      notice(name, owner),
      EVENTS_LENGTH,
      keys.eventsChannel(),
    ],
  );
  const [code, owned] = Array.isArray(reply) ? reply : [reply];
  if (code === 0) return undefined;
  if (code === 1) return hash;
  throw new WaiterError(
    'You have reached the limit of number of tokens allowed. Please delete at least one of your existing tokens to create this token.',
    {
      status: 403,
      details: { 'allowed-owned-tokens': limit ?? null, 'num-owned-tokens': Number(owned), owner },
    },
  );
}

/** Removes the token that was read. @returns false when another writer was faster */
export async function eraseVersion(
  connection: Connection,
  { name, data, revision }: StoredToken,
): Promise<boolean> {
  const { keys } = connection;
  const owner = ownerOf(data);
  const reply = await connection.run(
    'remove-token',
    [keys.token(name), keys.tokenIndex(), keys.owner(owner), keys.events()],
    [revision, name, notice(name, owner), EVENTS_LENGTH, keys.eventsChannel()],
  );
  return reply === 1;
}
