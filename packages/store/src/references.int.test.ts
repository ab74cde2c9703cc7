import { referenceOf } from '@waiter/core';
import { startRedis, type RedisServer } from '@waiter/testkit';
import { Store } from '.';
import { REFERENCES_KEPT } from './references';

let redis: RedisServer;
let store: Store;

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster: 'test' });
});
afterAll(async () => {
  await store.close();
  await redis.stop();
});

const service = (id: string) => ({ id, description: { cmd: 'c' }, effective: { cmd: 'c' } });
const source = (n: number) => [{ token: 't', version: `E-${n}` }];

test('cases 102, 106, 115: references accumulate, each once; source tokens are those of them that name tokens', async () => {
  await store.services.ensure({ ...service('a'), sourceTokens: [], reference: null });
  expect(await store.services.get('a')).toMatchObject({ references: [], sourceTokens: [] });
  for (const sourceTokens of [[], source(1), [], source(1), source(2)]) {
    await store.services.ensure({ ...service('a'), sourceTokens });
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  expect(await store.services.get('a')).toMatchObject({
    references: [{}, referenceOf(source(1)), referenceOf(source(2))],
    sourceTokens: [source(1), source(2)],
  });
  const all = await store.references.ofAll(['a', 'never']);
  expect([all.get('a')?.length, all.get('never')]).toEqual([3, []]);
});

test('a service whose token is edited for ever keeps its latest references, and the empty one', async () => {
  await store.services.ensure({ ...service('b'), sourceTokens: [] });
  for (let n = 0; n < REFERENCES_KEPT + 5; n += 1) {
    await store.services.ensure({ ...service('b'), sourceTokens: source(n) });
  }
  const { references = [] } = (await store.services.get('b')) ?? {};
  expect(references).toHaveLength(REFERENCES_KEPT + 1);
  expect(references).toContainEqual({});
  expect(references).toContainEqual(referenceOf(source(REFERENCES_KEPT + 4)));
});

test('a service can be wanted', async () => {
  expect(await store.references.isWanted('a')).toBe(false);
  await store.references.want('a');
  expect(await store.references.isWanted('a')).toBe(true);
});
