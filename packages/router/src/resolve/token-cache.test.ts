import type { TokenRecord } from '@waiter/core';
import { TokenCache } from './token-cache';

const record = (name: string, hash: string): TokenRecord => ({ name, data: {}, hash });

/** A token store whose answers the test gives. */
class Source {
  asked: string[] = [];
  answer: (name: string) => Promise<TokenRecord | null> = async () => null;
  token(name: string): Promise<TokenRecord | null> {
    this.asked.push(name);
    return this.answer(name);
  }
  serviceEntry(id: string, name: string): Promise<TokenRecord | null> {
    return this.token(`${id} of ${name}`);
  }
}

let source: Source;
let cache: TokenCache;

beforeEach(() => {
  source = new Source();
  cache = new TokenCache(source, 10);
});

test('a token is asked for once, an absent one too, and concurrent requests share the question', async () => {
  source.answer = async (name) => (name === 'a' ? record('a', '1') : null);
  expect(await Promise.all([cache.get('a'), cache.get('a'), cache.get('b')])).toEqual([
    record('a', '1'),
    record('a', '1'),
    null,
  ]);
  await cache.get('b');
  expect(source.asked).toEqual(['a', 'b']);
  expect([cache.known('a'), cache.known('b'), cache.known('c')]).toEqual([record('a', '1'), null, undefined]);
});

test('a notice drops one token, an interruption all', async () => {
  let version = 1;
  source.answer = async (name) => record(name, String(version));
  await cache.get('a');
  await cache.get('b');
  version = 2;
  cache.drop('a');
  expect((await cache.get('a'))?.hash).toBe('2');
  expect((await cache.get('b'))?.hash).toBe('1');
  cache.dropAll();
  expect((await cache.get('b'))?.hash).toBe('2');
});

test('what was read before a notice is not kept after it', async () => {
  let answer = (_record: TokenRecord): void => undefined;
  source.answer = () => new Promise((resolve) => (answer = resolve));
  const early = cache.get('a');
  cache.drop('a');
  answer(record('a', 'old'));
  expect((await early)?.hash).toBe('old');
  expect(cache.known('a')).toBeUndefined();
});

test('invariant 6: while Redis is away what is known is served, and what is not is 503', async () => {
  source.answer = async (name) => record(name, '1');
  await cache.get('a');
  cache.dropAll();
  source.answer = () => Promise.reject(new Error('away'));
  expect((await cache.get('a'))?.hash).toBe('1');
  await expect(cache.get('b')).rejects.toMatchObject({ status: 503 });
  source.answer = async (name) => record(name, '2');
  expect((await cache.get('a'))?.hash).toBe('2');
});

test('a service entry is asked for by its id', async () => {
  await cache.get('^SERVICE-ID#waiter-service-x');
  expect(source.asked).toEqual(['waiter-service-x of ^SERVICE-ID#waiter-service-x']);
});
