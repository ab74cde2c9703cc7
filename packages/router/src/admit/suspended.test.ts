import { builtInSettings, resolveService, WaiterError } from '@waiter/core';
import type { ServiceState } from '@waiter/store';
import { OperatorStates, refuseSuspended } from './suspended';

const said = (parts: Partial<ServiceState> = {}): ServiceState => ({
  suspended: null,
  overrides: null,
  ...parts,
});
const suspended = said({ suspended: { suspended: true, by: 'op', atMs: 1_700_000_000_000 } });

/** States by service, how often they were asked for, and faults. */
function source(states: Record<string, ServiceState | Error>) {
  const asked: string[] = [];
  const errors: unknown[] = [];
  const operators = new OperatorStates(
    (id) => {
      asked.push(id);
      const state = states[id] ?? said();
      return state instanceof Error ? Promise.reject(state) : Promise.resolve(state);
    },
    10,
    (error) => errors.push(error),
  );
  return { operators, asked, errors };
}

it('case 154: refuses a service that is suspended, and says who did it and when', () => {
  expect(() => refuseSuspended('s', said())).not.toThrow();
  expect(() =>
    refuseSuspended('s', said({ suspended: { suspended: false, by: 'op', atMs: 1 } })),
  ).not.toThrow();
  let error: unknown;
  try {
    refuseSuspended('s', suspended);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(WaiterError);
  expect(error).toMatchObject({
    status: 503,
    errorClass: 'waiter.Suspended',
    message: 'Service has been suspended',
    details: {
      'service-id': 's',
      'suspended-at': '2023-11-14T22:13:20.000Z',
      'last-updated-by': 'op',
    },
  });
});

it('asks once for each service, and again after a notice', async () => {
  const states: Record<string, ServiceState> = { s: said() };
  const { operators, asked } = source(states);
  const [first, second] = await Promise.all([operators.of('s'), operators.of('s')]);
  expect(first).toBe(second);
  expect(operators.of('s')).toBe(first);
  expect(asked).toEqual(['s']);
  states['s'] = suspended;
  operators.drop('s');
  expect(await operators.of('s')).toBe(suspended);
  expect(operators.of('s')).toBe(suspended);
  operators.dropAll();
  expect(operators.of('s')).toBeInstanceOf(Promise);
  expect(asked).toEqual(['s', 's', 's']);
});

it('does not keep what was read while a notice came', async () => {
  const states: Record<string, ServiceState> = { s: said() };
  const { operators, asked } = source(states);
  const old = operators.of('s');
  operators.drop('s');
  states['s'] = suspended;
  await old;
  expect(await operators.of('s')).toBe(suspended);
  expect(asked).toHaveLength(2);
});

it('while Redis is away what was known last holds, and unknown services serve', async () => {
  const states: Record<string, ServiceState | Error> = { s: suspended };
  const { operators, errors } = source(states);
  await operators.of('s');
  states['s'] = states['t'] = new Error('away');
  operators.dropAll();
  expect(await operators.of('s')).toBe(suspended);
  expect(await operators.of('t')).toEqual(said());
  expect(errors).toHaveLength(2);
});

it('case 192: overrides change what a service runs by, not what it is', () => {
  const headers = { 'x-waiter-cmd': 'c', 'x-waiter-cpus': '1', 'x-waiter-mem': '1', 'x-waiter-version': 'v' };
  const service = resolveService(
    { headers, source: 'none', names: [], tokens: [], user: 'u' },
    builtInSettings('c'),
  );
  const { operators } = source({});
  expect(operators.applied(service, said())).toBe(service);
  expect(operators.applied(service, said({ overrides: { overrides: {}, by: 'op', atMs: 1 } }))).toBe(service);
  const state = said({ overrides: { overrides: { 'concurrency-level': 7 }, by: 'op', atMs: 1 } });
  const applied = operators.applied(service, state);
  expect(applied).toMatchObject({ serviceId: service.serviceId, core: service.core });
  expect(applied.compiled.concurrencyLevel).toBe(7);
  expect(service.compiled.concurrencyLevel).toBe(1);
  expect(operators.applied(service, state)).toBe(applied);
});
