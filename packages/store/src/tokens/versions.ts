import { randomUUID } from 'node:crypto';
import { type TokenData, tokenHash, WaiterError } from '@waiter/core';
import type { Acknowledgements } from '../acknowledgements';
import type { Connection } from '../connection';
import { EVENTS_LENGTH } from '../events';
import { indexEntry, ownerOf } from './index-entry';
import type { StoredToken } from './stored-token';

const notice = (token: string, owner: string): object => ({ type: 'token', token, owner });

export interface NewVersion {
  readonly name: string;
  /** With its history. */
  readonly data: TokenData;
  /** What was read and is replaced. */
  readonly current: StoredToken | null;
  /** Live tokens the owner may have besides this one; undefined: any number. */
  readonly limit?: number | undefined;
}

/** The only writer of tokens: one script per change, which returns when all who keep copies have dropped them. */
export class VersionWriter {
  constructor(
    private readonly connection: Connection,
    private readonly acknowledgements: Acknowledgements,
  ) {}

  /**
   * Stores a version over the one that was read.
   * @returns its hash (null: soft-deleted); undefined when another writer was faster
   * @throws WaiterError 403 at the owner's limit
   */
  async store({ name, data, current, limit }: NewVersion): Promise<string | null | undefined> {
    const { keys } = this.connection;
    const hash = tokenHash(data);
    const owner = ownerOf(data);
    const previousOwner = current === null ? owner : ownerOf(current.data);
    const revision = randomUUID();
    const [code, count] = await this.tell(notice(name, owner), (kept, published) =>
      this.connection.run(
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
          revision,
          JSON.stringify(data),
          hash ?? '',
          name,
          owner,
          JSON.stringify(indexEntry(name, data)),
          hash === null ? 0 : 1,
          limit ?? '',
          kept,
          EVENTS_LENGTH,
          keys.eventsChannel(),
          published,
        ],
      ),
    );
    if (code === 1) return hash;
    if (code === 0) return undefined;
    throw new WaiterError(
      'You have reached the limit of number of tokens allowed. Please delete at least one of your existing tokens to create this token.',
      {
        status: 403,
        details: { 'allowed-owned-tokens': limit ?? null, 'num-owned-tokens': count, owner },
      },
    );
  }

  /** Removes the token that was read. @returns false when another writer was faster */
  async erase({ name, data, revision }: StoredToken): Promise<boolean> {
    const { keys } = this.connection;
    const owner = ownerOf(data);
    const [code] = await this.tell(notice(name, owner), (kept, published) =>
      this.connection.run(
        'remove-token',
        [keys.token(name), keys.tokenIndex(), keys.owner(owner), keys.events()],
        [revision, name, kept, EVENTS_LENGTH, keys.eventsChannel(), published],
      ),
    );
    return code === 1;
  }

  /** Runs a script that answers `{code, count}`; where it published (code 1) the count is who must have heard. */
  private async tell(
    what: object,
    script: (kept: string, published: string) => Promise<unknown>,
  ): Promise<readonly [code: number, count: number]> {
    const receipt = await this.acknowledgements.expect();
    try {
      const reply = await script(JSON.stringify(what), JSON.stringify({ ...what, ack: receipt.ack }));
      const [code, count] = Array.isArray(reply) ? reply.map(Number) : [];
      if (code === 1) await receipt.seenBy(count ?? 0);
      return [code ?? 0, count ?? 0];
    } finally {
      receipt.cancel();
    }
  }
}
