import { builtInSettings, type TokenRecord } from '@waiter/core';
import { ServiceRegistrar } from './service-registrar';
import { ServiceResolver } from './service-resolver';
import { TokenCache } from './token-cache';

const data = {
  cmd: 'serve',
  cpus: 1,
  mem: 64,
  version: '1',
  'run-as-user': 'bob',
  'permitted-user': '*',
  name: 'n',
};
let stored: TokenRecord;
let cache: TokenCache;
let resolver: ServiceResolver;

beforeEach(() => {
  stored = { name: 'a.example', data, hash: 'E-1' };
  cache = new TokenCache(
    { token: async (name) => (name === stored.name ? stored : null), serviceEntry: async () => null },
    10,
  );
  resolver = new ServiceResolver(cache, builtInSettings('c'), 10);
});

const host = { host: 'a.example:9091' };

test('the warm path is synchronous and gives the very same objects', async () => {
  const first = await resolver.tokensOf(host);
  const again = resolver.tokensOf(host);
  expect(again).toBe(first);
  const service = resolver.resolve(first, host, 'alice');
  expect(resolver.resolve(first, { ...host, 'x-waiter-debug': '1', accept: 'x' }, 'alice')).toBe(service);
  expect(resolver.resolve(first, host, 'carol').serviceId).toBe(service.serviceId);
});

test('names of no token cost little', async () => {
  const many = new ServiceResolver(cache, builtInSettings('c'), 10_000);
  const inUse = (): number => process.memoryUsage().heapUsed + process.memoryUsage().external;
  const before = inUse();
  for (let i = 0; i < 3_000; i += 1) {
    await many.tokensOf({ host: `n${i}.example` });
  }
  // A few hundred bytes each, and what is yet to be collected; a cache for each of them had 50 KB.
  expect(inUse() - before).toBeLessThan(60e6);
});

test('describing headers and the user make a service of their own', async () => {
  const tokens = await resolver.tokensOf(host);
  const service = resolver.resolve(tokens, host, 'alice');
  const other = resolver.resolve(tokens, { ...host, 'x-waiter-env-foo': 'bar' }, 'alice');
  expect(other.serviceId).not.toBe(service.serviceId);
  expect(other.effective['run-as-user']).toBe('alice');
  expect(resolver.resolve(tokens, { ...host, 'x-waiter-env-foo': 'bar' }, 'carol').serviceId).not.toBe(
    other.serviceId,
  );
});

test('a new version of the token is a new service', async () => {
  const before = resolver.resolve(await resolver.tokensOf(host), host, 'alice');
  stored = { ...stored, data: { ...data, version: '2' }, hash: 'E-2' };
  cache.drop('a.example');
  const after = resolver.resolve(await resolver.tokensOf(host), host, 'alice');
  expect(after.serviceId).not.toBe(before.serviceId);
  expect(after.sourceTokens).toEqual([{ token: 'a.example', version: 'E-2' }]);
});

test('a service is written once, awaited the first time only, and again when it was forgotten', async () => {
  const service = resolver.resolve(await resolver.tokensOf(host), host, 'alice');
  let writes = 0;
  let fail = true;
  const errors: unknown[] = [];
  const registrar = new ServiceRegistrar(
    async () => {
      writes += 1;
      if (fail) throw new Error('away');
    },
    10,
    (error) => errors.push(error),
  );
  await registrar.register(service);
  expect([writes, errors.length]).toEqual([1, 1]);
  fail = false;
  await registrar.register(service);
  expect(registrar.register(service)).toBeUndefined();
  expect(writes).toBe(2);
  registrar.forget(service.serviceId);
  await registrar.register(service);
  expect(writes).toBe(3);
});
