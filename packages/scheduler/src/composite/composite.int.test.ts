import { startMiniMarathon, type MiniMarathon } from '@waiter/mini-marathon';
import { startFaultProxy, temporaryDirectory, waitFor, type FaultProxy } from '@waiter/testkit';
import { describeScheduler } from '../conformance';
import { createMarathonScheduler } from '../marathon/marathon-scheduler';
import type { Scheduler, SchedulerEvent } from '../port';
import { GREEDY, newServiceId, serviceSpec, SERVE } from '../testing/services';
import { createCompositeScheduler, type CompositeOptions } from './composite-scheduler';

interface Cluster {
  readonly marathon: MiniMarathon;
  readonly proxy: FaultProxy;
}

/** Two Marathons, each behind a proxy, and as many drivers of both as are asked for. */
async function twoClusters() {
  const closers: (() => Promise<unknown>)[] = [];
  const cluster = async (): Promise<Cluster> => {
    const directory = await temporaryDirectory('composite');
    const marathon = await startMiniMarathon({ port: 0, dataDir: directory.path });
    const proxy = await startFaultProxy({ targetPort: marathon.port });
    closers.unshift(async () => {
      await proxy.stop();
      await marathon.close();
      await directory.remove();
    });
    return { marathon, proxy };
  };
  const [high, low] = await Promise.all([cluster(), cluster()]);
  const marathon = (port: number): Scheduler =>
    createMarathonScheduler({
      url: `http://127.0.0.1:${port}`,
      servicePrefix: 'waiter-service-',
      reconcileMs: 60_000,
    });
  const driver = (options: Partial<CompositeOptions> = {}): Scheduler => {
    const scheduler = createCompositeScheduler({
      components: [
        { name: 'high', scheduler: marathon(high.proxy.port) },
        { name: 'low', scheduler: marathon(low.proxy.port) },
      ],
      defaultScheduler: 'high',
      ...options,
    });
    closers.unshift(() => scheduler.close());
    return scheduler;
  };
  const direct = (port: number): Scheduler => {
    const scheduler = marathon(port);
    closers.unshift(() => scheduler.close());
    return scheduler;
  };
  const close = async (): Promise<void> => {
    for (const each of closers) await each();
  };
  return { high, low, driver, direct, marathon, close };
}

describeScheduler('composite of two Marathon drivers', async () => {
  const { high, low, driver, close } = await twoClusters();
  return {
    scheduler: driver(),
    another: () => driver(),
    spec: serviceSpec,
    newServiceId,
    serveCommand: SERVE,
    greedyCommand: GREEDY,
    interrupt: async (during) => {
      await Promise.all([high.proxy.cut(), low.proxy.cut()]);
      await during();
      await Promise.all([high.proxy.heal(), low.proxy.heal()]);
    },
    close,
  };
});

describe('a composite scheduler', () => {
  let clusters: Awaited<ReturnType<typeof twoClusters>>;
  beforeEach(async () => {
    clusters = await twoClusters();
  });
  afterEach(() => clusters.close());

  const ids = async (scheduler: Scheduler): Promise<string[]> =>
    (await scheduler.list()).map(({ id }) => id).sort();
  const appsOf = async ({ marathon }: Cluster): Promise<string[]> => {
    const { apps } = (await (await fetch(`${marathon.url}/v2/apps`)).json()) as { apps: { id: string }[] };
    return apps.map(({ id }) => id.slice(1)).sort();
  };

  test('case 84 and services-and-tokens case 143: the parameter scheduler picks where a service runs; all are listed', async () => {
    const scheduler = clusters.driver();
    const [here, there] = [newServiceId(), newServiceId()];
    expect(await scheduler.create(serviceSpec(here, SERVE, 1))).toBe(true);
    expect(await scheduler.create(serviceSpec(there, SERVE, 1, { scheduler: 'low' }))).toBe(true);
    expect(await appsOf(clusters.high)).toEqual([here]);
    expect(await appsOf(clusters.low)).toEqual([there]);
    expect(await ids(scheduler)).toEqual([here, there].sort());
    // Also by a driver that has seen neither.
    const other = clusters.driver();
    expect(await other.get(there)).toMatchObject({ description: { scheduler: 'low' } });
    await other.scale(there, 2);
    expect(await scheduler.get(there)).toMatchObject({ requested: 2 });
    expect(await other.delete(there)).toBe('deleted');
    expect(await other.delete(there)).toBe('no-such-service');
    const nowhere = serviceSpec(newServiceId(), SERVE, 1, { scheduler: 'none' });
    await expect(scheduler.create(nowhere)).rejects.toMatchObject({ status: 400, transient: false });
  });

  test('one that does not answer hides nothing of the other, and its services are not taken for gone', async () => {
    const scheduler = clusters.driver();
    const events: SchedulerEvent[] = [];
    scheduler.subscribe((event) => events.push(event));
    const [here, there] = [newServiceId(), newServiceId()];
    await scheduler.create(serviceSpec(here, SERVE, 1));
    await scheduler.create(serviceSpec(there, SERVE, 1, { scheduler: 'low' }));
    await waitFor('both to be listed', async () => (await ids(scheduler)).length === 2);
    await clusters.low.proxy.cut();
    expect(await ids(scheduler)).toEqual([here, there].sort());
    await scheduler.scale(here, 2);
    await expect(scheduler.get(there)).rejects.toMatchObject({ transient: true });
    await expect(scheduler.scale(there, 2)).rejects.toMatchObject({ transient: true });
    const late = newServiceId();
    const spec = serviceSpec(late, SERVE, 1, { scheduler: 'low' });
    await expect(scheduler.create(spec)).rejects.toMatchObject({ transient: true });
    await waitFor('the other to grow', () => events.filter(({ type }) => type === 'started').length >= 3);
    await clusters.low.proxy.heal();
    await waitFor('it to be created', () => scheduler.create(spec).catch(() => false));
    expect(await ids(scheduler)).toEqual([here, there, late].sort());
  }, 60_000);

  test('one that hangs does not hold up the list; its own comes when it comes', async () => {
    const { high, low, marathon } = clusters;
    const id = newServiceId();
    await clusters.direct(low.proxy.port).create(serviceSpec(id, SERVE, 1, { scheduler: 'low' }));
    let answer = (): void => undefined;
    const hanging = marathon(low.proxy.port);
    const list = hanging.list.bind(hanging);
    const held = new Promise<void>((resolve) => (answer = resolve));
    const asked = jest.fn(async () => {
      await held;
      return list();
    });
    const scheduler = clusters.driver({
      components: [
        { name: 'high', scheduler: marathon(high.proxy.port) },
        { name: 'low', scheduler: Object.assign(hanging, { list: asked }) },
      ],
      patienceMs: 100,
    });
    expect(await scheduler.list()).toEqual([]);
    expect(await scheduler.list()).toEqual([]);
    expect(scheduler.isHidden?.({ scheduler: 'low' })).toBe(true);
    expect(asked).toHaveBeenCalledTimes(1);
    answer();
    await waitFor('its list', async () => (await ids(scheduler)).includes(id));
  });

  test('services of one that has never answered are hidden, not missing', async () => {
    await clusters.low.proxy.cut();
    const scheduler = clusters.driver();
    expect(await scheduler.list()).toEqual([]);
    expect(scheduler.isHidden?.({ scheduler: 'low' })).toBe(true);
    expect(scheduler.isHidden?.({})).toBe(false);
    expect(scheduler.isHidden?.({ scheduler: 'none' })).toBe(false);
    await expect(scheduler.get(newServiceId())).rejects.toMatchObject({ transient: true });
    await clusters.low.proxy.heal();
    await waitFor('it to answer', async () => {
      await scheduler.list();
      return scheduler.isHidden?.({ scheduler: 'low' }) === false;
    });
  });

  test('case 84: a service where it does not belong is deleted there, and is never listed from there', async () => {
    const id = newServiceId();
    await clusters.direct(clusters.low.proxy.port).create(serviceSpec(id, SERVE, 1));
    const scheduler = clusters.driver();
    expect(await ids(scheduler)).toEqual([]);
    await waitFor('it to be gone', async () => (await appsOf(clusters.low)).length === 0);
    expect(await scheduler.create(serviceSpec(id, SERVE, 1))).toBe(true);
    expect(await appsOf(clusters.high)).toEqual([id]);
  });

  test('case 84: unless that is to be ignored; where a service belongs is seen by its effective description', async () => {
    const { high, low, marathon } = clusters;
    const [stray, own] = [newServiceId(), newServiceId()];
    const direct = clusters.direct(low.proxy.port);
    await direct.create(serviceSpec(stray, SERVE, 1, { name: 'stray' }));
    await direct.create(serviceSpec(own, SERVE, 1, { name: 'own' }));
    const scheduler = clusters.driver({
      components: [
        { name: 'high', scheduler: marathon(high.proxy.port) },
        { name: 'low', scheduler: marathon(low.proxy.port), ignoreMisplaced: true },
      ],
      effectiveOf: (description) =>
        description['name'] === 'own' ? { ...description, scheduler: 'low' } : description,
    });
    for (let pass = 0; pass < 3; pass++) expect(await ids(scheduler)).toEqual([own]);
    expect(await appsOf(low)).toEqual([stray, own].sort());
  });

  test('two of one name, and a default that is none, are refused', async () => {
    const scheduler = clusters.direct(clusters.high.proxy.port);
    const component = { name: 'x', scheduler };
    expect(() =>
      createCompositeScheduler({ components: [component, component], defaultScheduler: 'x' }),
    ).toThrow(TypeError);
    expect(() => createCompositeScheduler({ components: [component], defaultScheduler: 'y' })).toThrow(
      TypeError,
    );
  });
});
