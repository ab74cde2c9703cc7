import type { Connection } from '../connection';
import { indexEntry, ownerOf, type TokenIndexEntry } from './index-entry';
import type { StoredToken } from './stored-token';

type Read = (names: readonly string[]) => Promise<readonly (StoredToken | null)[]>;

const BATCH = 500;

/** Names of all tokens there are; each once. */
async function scanNames({ redis, keys }: Connection): Promise<readonly string[]> {
  const prefix = keys.token('');
  const pattern = `${prefix.replace(/[\\*?[\]]/g, '\\$&')}*`;
  const names = new Set<string>();
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', BATCH);
    for (const key of found) names.add(key.slice(prefix.length));
    cursor = next;
  } while (cursor !== '0');
  return [...names];
}

async function indexAll(connection: Connection, names: readonly string[], read: Read): Promise<number> {
  const { keys } = connection;
  let count = 0;
  for (let i = 0; i < names.length; i += BATCH) {
    const tokens = (await read(names.slice(i, i + BATCH))).filter((token) => token !== null);
    count += tokens.length;
    await Promise.all(
      tokens.map(({ name, data, hash, revision }) =>
        connection.run(
          'index-token',
          [keys.token(name), keys.tokenIndex(), keys.owner(ownerOf(data)), keys.owners()],
          [revision, name, ownerOf(data), JSON.stringify(indexEntry(name, data)), hash === null ? 0 : 1],
        ),
      ),
    );
  }
  return count;
}

async function tidyOwner(connection: Connection, owner: string): Promise<void> {
  const { redis, keys } = connection;
  const names = await redis.smembers(keys.owner(owner));
  const entries = names.length === 0 ? [] : await redis.hmget(keys.tokenIndex(), ...names);
  for (const [index, name] of names.entries()) {
    const text = entries[index] ?? '';
    const entry = text === '' ? undefined : (JSON.parse(text) as TokenIndexEntry);
    if (entry?.owner === owner && !entry.deleted) continue;
    await connection.run('disown-token', [keys.tokenIndex(), keys.owner(owner)], [name, text]);
  }
  await connection.run('forget-owner', [keys.owner(owner), keys.owners()], [owner]);
}

/**
 * Makes the indices say what the tokens say. Each step is one small script that yields to whoever writes meanwhile, so
 * nothing is locked and no write is lost.
 */
export async function reindexTokens(connection: Connection, read: Read): Promise<number> {
  const { redis, keys } = connection;
  const names = await scanNames(connection);
  const count = await indexAll(connection, names, read);
  const existing = new Set(names);
  for (const name of await redis.hkeys(keys.tokenIndex())) {
    if (!existing.has(name))
      await connection.run('forget-token', [keys.token(name), keys.tokenIndex()], [name]);
  }
  for (const owner of await redis.smembers(keys.owners())) await tidyOwner(connection, owner);
  return count;
}
