import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import {
  freePort,
  startRedis,
  temporaryDirectory,
  type RedisServer,
  type TemporaryDirectory,
} from '@waiter/testkit';
import { Cluster } from './cluster';
import { addTokenCommands } from './command';
import { startCluster, type RealCluster } from './testing/real-cluster';
import { startTextCluster } from './testing/text-cluster';

let redis: RedisServer;
let directory: TemporaryDirectory;
let east: RealCluster;
let west: RealCluster;
let number = 0;

beforeAll(async () => {
  redis = await startRedis();
  directory = await temporaryDirectory('token-tools-');
});
afterAll(async () => {
  await redis.stop();
  await directory.remove();
});
beforeEach(async () => {
  number += 1;
  [east, west] = await Promise.all([
    startCluster(`east${number}`, redis.url),
    startCluster(`west${number}`, redis.url),
  ]);
});
afterEach(() => Promise.all([east.close(), west.close()]));

interface Ran {
  readonly code: number;
  readonly text: string;
}

/** Runs `waiter tokens ...`. */
async function tool(...args: string[]): Promise<Ran> {
  const lines: string[] = [];
  let code = -1;
  const program = new Command('tokens').exitOverride();
  addTokenCommands(program, { write: (line) => lines.push(line), exit: (value) => (code = value) });
  await program.parseAsync(args, { from: 'user' });
  return { code, text: lines.join('\n') };
}

async function post(cluster: RealCluster, token: string, data: object, query = ''): Promise<void> {
  cluster.clock.advance(1000);
  const response = await fetch(`${cluster.url}/token?token=${token}${query}`, {
    method: 'POST',
    body: JSON.stringify(data),
    headers: query === '' ? {} : { 'if-match': (await read(cluster, token)).etag ?? '' },
  });
  if (response.status !== 200) throw new Error(await response.text());
}

async function softDelete(cluster: RealCluster, token: string): Promise<void> {
  cluster.clock.advance(1000);
  const response = await fetch(`${cluster.url}/token`, {
    method: 'DELETE',
    headers: { 'x-waiter-token': token },
  });
  expect(response.status).toBe(200);
}

async function read(cluster: { url: string }, token: string): Promise<{ text: string; etag: string | null }> {
  const response = await fetch(`${cluster.url}/token?token=${token}&include=metadata&include=deleted`);
  return response.status === 200
    ? { text: await response.text(), etag: response.headers.get('etag') }
    : { text: '', etag: null };
}

async function expectEqualCopies(token: string): Promise<Record<string, unknown>> {
  const [a, b] = await Promise.all([read(east, token), read(west, token)]);
  expect(b).toEqual(a);
  return JSON.parse(a.text) as Record<string, unknown>;
}

const hasToken = async (cluster: RealCluster, token: string): Promise<boolean> =>
  (await read(cluster, token)).text !== '';
const file = (): string => join(directory.path, `backup-${number}`);

describe('waiter tokens backup and restore', () => {
  it('brings everything back on another cluster: parameters, history, deleted tokens, bookkeeping', async () => {
    await post(east, 'first', { cpus: 1, env: { A: 'b' }, metadata: { team: 'ä"\n' } });
    await post(east, 'first', { cpus: 2, 'allowed-params': ['B', 'A'] });
    await post(east, 'gone', { mem: 64 });
    await softDelete(east, 'gone');
    const backup = await tool('backup', east.url, file());
    expect(backup).toEqual({ code: 0, text: `2 tokens on ${east.url}\n2 backed up.` });

    const restored = await tool('restore', west.url, file());
    expect(restored.text).toContain('2 restored.');
    expect(await expectEqualCopies('first')).toMatchObject({
      cpus: 2,
      root: east.name,
      previous: { cpus: 1 },
    });
    expect(await expectEqualCopies('gone')).toMatchObject({ deleted: true, mem: 64 });
    expect((await tool('restore', west.url, file())).text).toContain('2 unchanged.');
  });

  it('replaces a different live token only when forced, and revives a deleted one always', async () => {
    await post(east, 'kept', { cpus: 1 });
    await post(east, 'revived', { cpus: 1 });
    await tool('backup', east.url, file());
    await post(east, 'kept', { cpus: 2 });
    await softDelete(east, 'revived');
    const before = await read(east, 'kept');
    const dry = await tool('restore', east.url, file(), '--force', '--dry-run');
    expect(dry.text).toContain('Dry run, nothing was changed: 2 replaced.');
    expect(await read(east, 'kept')).toEqual(before);

    const careful = await tool('restore', east.url, file());
    expect(careful.text).toContain('left alone: kept (it is different; --force replaces it)');
    expect(await read(east, 'kept')).toEqual(before);
    expect(JSON.parse((await read(east, 'revived')).text)).not.toHaveProperty('deleted');
    expect(await tool('restore', east.url, file(), '--force')).toMatchObject({ code: 0 });
    expect(JSON.parse((await read(east, 'kept')).text)).toMatchObject({ cpus: 1 });
  });

  it('backs up tokens of some owners, and keeps with --accrete what is gone', async () => {
    await post(east, 'mine', { cpus: 1 });
    await post(east, 'theirs', { cpus: 1, owner: 'eve' }, '&update-mode=admin');
    expect((await tool('backup', east.url, file(), '--owner', 'eve')).text).toContain('1 backed up.');
    expect(readFileSync(file(), 'utf8')).not.toContain('mine');
    const accreted = await tool('backup', east.url, file(), '--owner', 'operator', '--accrete');
    expect(accreted.text).toContain('1 backed up, 1 kept.');
    expect(readFileSync(file(), 'utf8').trim().split('\n')).toHaveLength(3);
  });

  it('keeps the text of numbers that JavaScript cannot hold', async () => {
    const [from, to] = [await startTextCluster(), await startTextCluster()];
    try {
      const text =
        '{"cpus":1.0,\n "mem":12345678901234567890, "scale-factor":1e-7, "previous":{"cpus":0.10}}';
      from.texts.set('exact', text);
      await tool('backup', from.url, file());
      await tool('restore', to.url, file());
      expect(to.texts.get('exact')).toBe(text.replace('\n', ''));
      to.texts.clear();
      await tool('sync', from.url, to.url);
      expect(to.texts.get('exact')).toBe(text);
    } finally {
      await Promise.all([from.close(), to.close()]);
    }
  });

  it('writes no backup that lacks tokens, and reads none that is damaged', async () => {
    await post(east, 'one', { cpus: 1 });
    const list = jest.spyOn(Cluster.prototype, 'read').mockRejectedValueOnce(new Error('cut'));
    expect(await tool('backup', east.url, file())).toMatchObject({
      code: 1,
      text: expect.stringContaining('failed: one (cut)'),
    });
    list.mockRestore();
    expect(existsSync(file())).toBe(false);
    await tool('backup', east.url, file());
    writeFileSync(file(), readFileSync(file(), 'utf8').slice(0, -20));
    await expect(tool('restore', west.url, file())).rejects.toThrow(':2 is not a line of a backup');
    writeFileSync(file(), '{}');
    await expect(tool('restore', west.url, file())).rejects.toThrow('is not a backup of tokens');
  });

  it('tries again when a cluster does not answer, and says when it never does', async () => {
    await post(east, 'one', { cpus: 1 });
    east.refuse(2);
    expect(await tool('backup', east.url, file())).toMatchObject({ code: 0 });
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    await expect(tool('backup', nowhere, file(), '--retries', '1')).rejects.toThrow(
      `${nowhere} does not answer`,
    );
    await expect(tool('backup', 'east', file())).rejects.toThrow('is not the URL of a cluster');
  });
});

describe('waiter tokens sync', () => {
  it('makes clusters equal, both ways, and then has nothing to do', async () => {
    await post(east, 'from-east', { cpus: 1 });
    await post(west, 'from-west', { cpus: 2 });
    await post(east, 'from-east', { cpus: 3, 'health-check-url': '/x' });
    const dry = await tool('sync', east.url, west.url, '--dry-run');
    expect(dry.text).toContain('Dry run, nothing was changed: 2 created.');
    expect(await hasToken(west, 'from-east')).toBe(false);

    expect((await tool('sync', east.url, west.url)).text).toContain('2 created.');
    expect(await expectEqualCopies('from-east')).toMatchObject({
      root: east.name,
      cpus: 3,
      previous: { cpus: 1 },
    });
    expect(await expectEqualCopies('from-west')).toMatchObject({ root: west.name, cluster: west.name });
    west.seen.length = 0;
    expect((await tool('sync', east.url, west.url)).text).toContain('2 in sync.');
    expect(west.seen).toEqual(['GET /tokens?include=deleted&include=metadata']);
  });

  it('sends the newest version, passes a deletion on, and removes it in the next round', async () => {
    await post(east, 'token', { cpus: 1 });
    await tool('sync', east.url, west.url);
    west.clock.advance(60_000);
    await post(west, 'token', { cpus: 2 });
    expect((await tool('sync', east.url, west.url)).text).toContain(`updated: token on ${east.url}`);
    expect(await expectEqualCopies('token')).toMatchObject({ cpus: 2, previous: { cpus: 1 } });
    await softDelete(west, 'token');
    expect((await tool('sync', east.url, west.url, '--keep-deleted')).text).toContain(
      `deleted: token on ${east.url}`,
    );
    expect(await expectEqualCopies('token')).toMatchObject({ deleted: true });
    expect((await tool('sync', east.url, west.url, '--keep-deleted')).text).toContain('2 kept.');
    expect((await tool('sync', east.url, west.url)).text).toContain('2 removed.');
    expect([await hasToken(east, 'token'), await hasToken(west, 'token')]).toEqual([false, false]);
    expect(await east.tokens.list({ includeDeleted: true })).toEqual([]);
  });

  it('leaves conflicts and opted-out tokens alone; a conflict makes the exit code 1', async () => {
    await post(east, 'same-name', { cpus: 1 });
    await post(west, 'same-name', { cpus: 2, 'last-update-user': 'other' }, '&update-mode=admin');
    await post(east, 'private', { cpus: 1, metadata: { 'waiter-token-sync-opt-out': 'true' } });
    await post(east, 'shared', { cpus: 1 });
    const { code, text } = await tool('sync', east.url, west.url);
    expect(code).toBe(1);
    expect(text).toContain('conflict: same-name');
    expect(text).toContain('1 conflict, 1 created');
    expect(await hasToken(west, 'private')).toBe(false);
    expect(JSON.parse((await read(west, 'same-name')).text)).toMatchObject({ cpus: 2 });
    await expectEqualCopies('shared');
  });

  it('goes on when one token is refused, and does nothing when a cluster is away', async () => {
    await post(east, 'fine', { cpus: 1 });
    await post(east, 'fails', { cpus: 1 });
    const write = Cluster.prototype.write;
    jest.spyOn(Cluster.prototype, 'write').mockImplementation(function (this: Cluster, token, ...rest) {
      return token === 'fails' ? Promise.reject(new Error('refused')) : write.call(this, token, ...rest);
    });
    const { code, text } = await tool('sync', east.url, west.url);
    jest.restoreAllMocks();
    expect({ code, text }).toMatchObject({ code: 1, text: expect.stringContaining('1 created, 1 failed.') });
    await expectEqualCopies('fine');
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    await expect(tool('sync', east.url, nowhere, '--retries', '0')).rejects.toThrow('does not answer');
    await expect(tool('sync', east.url)).rejects.toThrow('two clusters');
  });

  it('does not overwrite what was changed since it was read', async () => {
    await post(east, 'raced', { cpus: 1 });
    const copy = await read(east, 'raced');
    await post(east, 'raced', { cpus: 2 });
    const cluster = new Cluster({ url: east.url });
    await expect(cluster.write('raced', copy, copy)).rejects.toThrow('Cannot modify stale token');
    await expect(cluster.write('raced', copy, null)).rejects.toThrow('Cannot modify stale token');
    await expect(cluster.removeDeleted('raced')).rejects.toThrow('Cannot modify stale token');
  });

  it('carries hundreds of tokens with a bounded number of requests at a time', async () => {
    await Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        east.tokens.write({
          name: `bulk-${n}`,
          data: { cpus: 1, owner: 'operator', 'last-update-time': n + 1 },
        }),
      ),
    );
    const { code, text } = await tool('sync', east.url, west.url, '--concurrency', '4');
    expect({ code, end: text.split('\n').at(-1) }).toEqual({ code: 0, end: '300 created.' });
    expect(text).toContain('... 150 of 300');
  });
});

describe('waiter tokens cleanup', () => {
  it('removes what was deleted before a date, unless it lives elsewhere', async () => {
    for (const name of ['old', 'alive-in-west', 'new', 'live']) await post(east, name, { cpus: 1 });
    await post(west, 'alive-in-west', { cpus: 1 });
    await softDelete(east, 'old');
    await softDelete(east, 'alive-in-west');
    const cut = new Date(east.clock.now() + 500).toISOString();
    await softDelete(east, 'new');
    const dry = await tool('cleanup', east.url, '--before', cut, '--dry-run');
    expect(dry.text).toContain('2 removed.');
    const { code, text } = await tool('cleanup', east.url, west.url, '--before', cut);
    expect({ code, end: text.split('\n').at(-1) }).toEqual({ code: 0, end: '1 kept, 1 removed.' });
    const left = (await east.tokens.list({ includeDeleted: true })).map(({ token }) => token);
    expect(left.sort()).toEqual(['alive-in-west', 'live', 'new']);
    // The clock of the cluster stands in 2023: everything was deleted more than a day ago.
    expect((await tool('cleanup', east.url, '--before', '1d')).text).toContain('2 removed.');
    await expect(tool('cleanup', east.url, '--before', 'soon')).rejects.toThrow('neither a date');
  });
});

describe('waiter tokens sanitize', () => {
  it('names tokens that are no longer acceptable and changes nothing about the others', async () => {
    await post(east, 'good', { cpus: 1, metadata: { a: 'b' } });
    await east.tokens.write({ name: 'bad', data: { cpus: -1, owner: 'operator' } });
    await east.tokens.write({ name: 'other', data: { cpus: -1, owner: 'operator' } });
    const before = await read(east, 'good');
    for (const more of [['--dry-run'], []]) {
      const { code, text } = await tool('sanitize', east.url, '--match', 'good|bad', ...more);
      expect({ code, end: text.split('\n').at(-1) }).toMatchObject({
        code: 1,
        end: expect.stringContaining('1 clean, 1 refused.'),
      });
      expect(text).toContain('cpus must be a positive number');
    }
    expect(await read(east, 'good')).toEqual(before);
    expect((await tool('sanitize', east.url, '--limit', '1', '--dry-run')).text).toContain(
      '1 tokens to look at',
    );
  });
});
