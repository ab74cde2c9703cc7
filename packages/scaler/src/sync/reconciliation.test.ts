import type { Context } from '../context';
import type { Service } from '../service/service';
import { Reconciliation } from './reconciliation';

function make(count: number) {
  const services = new Map(
    Array.from({ length: count }, (_, n) => {
      const service = { id: `s${n}`, known: n < 2, instances: new Map() } as unknown as Service;
      return [service.id, service] as const;
    }),
  );
  const lost = new Set<string>();
  let looked: string[] = [];
  const reconciliation = new Reconciliation(
    { services } as Pick<Context, 'services'>,
    { full: () => Promise.resolve() },
    {
      reconcile: ({ id }) => {
        looked.push(id);
        return Promise.resolve(lost.delete(id) ? 'lost' : 'fresh');
      },
    },
  );
  const run = async (): Promise<{ lost: boolean; looked: readonly string[] }> => {
    looked = [];
    return { lost: await reconciliation.run(), looked };
  };
  return { services, lost, run };
}

test('what runs is looked at each time, the rest by turns', async () => {
  const { run } = make(502);
  const seen = new Set<string>();
  for (let pass = 0; pass < 3; pass++) {
    const { lost, looked } = await run();
    expect(lost).toBe(false);
    expect(looked).toEqual(expect.arrayContaining(['s0', 's1']));
    expect(looked.length).toBeLessThanOrEqual(202);
    for (const id of looked) seen.add(id);
  }
  expect(seen.size).toBe(502);
  // And from the beginning.
  expect((await run()).looked).toContain('s2');
});

test('where something is lost, everything is looked at, once', async () => {
  const { run, lost } = make(502);
  lost.add('s1');
  const pass = await run();
  expect(pass.lost).toBe(true);
  expect([...pass.looked].sort()).toEqual([...new Set(pass.looked)].sort());
  expect(pass.looked).toHaveLength(502);
});

test('a service that was forgotten meanwhile is passed by', async () => {
  const { run, services } = make(502);
  await run();
  services.delete('s300');
  expect((await run()).looked).not.toContain('s300');
});
