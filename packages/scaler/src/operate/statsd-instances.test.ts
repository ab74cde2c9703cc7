import { builtInSettings, type Instance, type Json } from '@waiter/core';
import { NO_LOAD } from '@waiter/store';
import { rebuildService } from '../service/record';
import { Service } from '../service/service';
import { groupSums } from './statsd-instances';

function service(
  id: string,
  parameters: Readonly<Record<string, Json>>,
  health: readonly boolean[],
): Service {
  const described = rebuildService(
    id,
    { cmd: 'c', cpus: 0.5, mem: 100, ...parameters },
    builtInSettings('c'),
    0,
  );
  const made = new Service(described, 0);
  health.forEach((healthy, n) => made.noteActive(instance(`${id}.${n}`, healthy), n + 1));
  return made;
}
const instance = (id: string, healthy: boolean): Instance => ({
  id,
  serviceId: 's',
  host: 'h',
  port: 1,
  extraPorts: [],
  startedAtMs: 0,
  healthy,
  flags: [],
  healthCheckStatus: null,
  exitCode: null,
  message: null,
  logDirectory: null,
});

test('case 86: by group; cpus and mem are those of active instances, a service with a healthy one is active', () => {
  const shop = service('a', { 'metric-group': 'shop' }, [true, true, false]);
  shop.load = { ...NO_LOAD, queued: 4 };
  const broken = service('b', { 'metric-group': 'shop', cpus: 2, mem: 1000 }, [false]);
  broken.departed.fail(instance('b.gone', false), 1);
  const other = service('c', {}, [true]);
  const groups = groupSums([shop, broken, other]);
  expect(groups.get('shop')).toEqual({
    cpus: 3.5,
    mem: 1300,
    healthy: 2,
    unhealthy: 2,
    failed: 1,
    activeServices: 1,
    totalServices: 2,
    waiting: 4,
  });
  expect(groups.get('other')).toMatchObject({ cpus: 0.5, activeServices: 1, totalServices: 1 });
});

test('case 86: one that was killed counts no more', () => {
  const gone = service('k', { 'metric-group': 'shop' }, [true]);
  for (const tracked of gone.instances.values()) tracked.fate = 'killed';
  expect(groupSums([gone]).get('shop')).toMatchObject({
    cpus: 0,
    healthy: 0,
    activeServices: 0,
    totalServices: 1,
  });
});
