import { readFileSync } from 'node:fs';
import { startMiniMarathon, type MiniMarathonOptions } from '@waiter/mini-marathon';
import { freePort, startFaultProxy, temporaryDirectory, waitFor } from '@waiter/testkit';
import { describeScheduler } from '../conformance';
import type { Scheduler, SchedulerEvent } from '../port';
import { GREEDY, newServiceId, serviceSpec, SERVE } from '../testing/services';
import { createMarathonScheduler } from './marathon-scheduler';
import type { MarathonOptions } from './options';

describeScheduler('Marathon driver with mini-marathon', async () => {
  const directory = await temporaryDirectory('conformance');
  const marathon = await startMiniMarathon({ port: 0, dataDir: directory.path });
  const proxy = await startFaultProxy({ targetPort: marathon.port });
  const drivers: Scheduler[] = [];
  const another = (): Scheduler => {
    const scheduler = createMarathonScheduler({
      url: `http://127.0.0.1:${proxy.port}`,
      servicePrefix: 'waiter-service-',
      reconcileMs: 60_000,
    });
    drivers.push(scheduler);
    return scheduler;
  };
  return {
    scheduler: another(),
    another,
    spec: serviceSpec,
    newServiceId,
    serveCommand: SERVE,
    greedyCommand: GREEDY,
    interrupt: async (during) => {
      await proxy.cut();
      await during();
      await proxy.heal();
    },
    close: async () => {
      for (const driver of drivers) await driver.close();
      await proxy.stop();
      await marathon.close();
      await directory.remove();
    },
  };
});

describe('Marathon driver with a mini-marathon of its own', () => {
  const closers: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
  const start = async (port = 0, options: Partial<MiniMarathonOptions> = {}) => {
    const directory = await temporaryDirectory('marathon');
    closers.push(() => directory.remove());
    const marathon = await startMiniMarathon({ port, dataDir: directory.path, ...options });
    closers.push(() => marathon.close());
    return marathon;
  };
  const drive = (url: string, options: Partial<MarathonOptions> = {}) => {
    const scheduler = createMarathonScheduler({
      url,
      servicePrefix: 'waiter-service-',
      reconcileMs: 60_000,
      ...options,
    });
    closers.push(() => scheduler.close());
    const events: SchedulerEvent[] = [];
    scheduler.subscribe((event) => events.push(event));
    return { scheduler, events };
  };

  test('the server ends and another one starts in its place: everything goes on without a new driver', async () => {
    const first = await start();
    const { scheduler, events } = drive(first.url);
    const before = newServiceId();
    await scheduler.create(serviceSpec(before, SERVE, 1));
    await waitFor('the start', () => events.some(({ type }) => type === 'started'));
    events.splice(0);
    await first.close();
    await start(first.port);
    // Whatever else it lost, the driver tells to list again, and sees what there is now.
    await waitFor('the new server', async () => (await scheduler.list()).length === 0);
    const after = newServiceId();
    await waitFor('changed', () =>
      events.some((event) => event.type === 'changed' && event.serviceId === null),
    );
    expect(await scheduler.create(serviceSpec(after, SERVE, 1))).toBe(true);
    await waitFor('it to run', async () => (await scheduler.get(after))?.active[0]?.startedAtMs);
  });

  test('the work directory of mini-marathon is asked for: log directories are there, before and after the end', async () => {
    const marathon = await start();
    const scheduler = createMarathonScheduler({
      url: marathon.url,
      servicePrefix: 'waiter-service-',
      discoverAgent: true,
    });
    closers.push(() => scheduler.close());
    const id = newServiceId();
    await scheduler.create(serviceSpec(id, 'echo here; exit 3', 1));
    const failed = await waitFor('a failure', async () => (await scheduler.get(id))?.failed[0]);
    expect(readFileSync(`${failed.logDirectory}/stdout`, 'utf8')).toBe('here\n');
  });

  test('an instance that Marathon kills for its health is told and shown with the flag', async () => {
    const marathon = await start();
    const { scheduler, events } = drive(marathon.url);
    const id = newServiceId();
    const sick = serviceSpec(id, 'exec sleep 600', 1);
    const checks = { 'grace-period-secs': 1, 'health-check-max-consecutive-failures': 1 };
    await scheduler.create({ ...sick, effective: { ...sick.effective, ...checks } });
    const ended = await waitFor('the kill', () =>
      events.flatMap((event) => (event.type === 'ended' && event.serviceId === id ? [event] : [])).at(0),
    );
    expect(ended.failed).toMatchObject({ flags: ['never-passed-health-checks'], exitCode: null });
    const service = await waitFor('the failure', async () => {
      const seen = await scheduler.get(id);
      return seen?.failed.length ? seen : null;
    });
    expect(service.failed[0]).toMatchObject({ id: ended.instanceId, flags: ['never-passed-health-checks'] });
    // A driver that saw no event learns the same from the list.
    const other = createMarathonScheduler({ url: marathon.url, servicePrefix: 'waiter-service-' });
    closers.push(() => other.close());
    expect((await other.get(id))?.failed[0]).toMatchObject({ flags: ['never-passed-health-checks'] });
  });

  test('case 61: kills that a hanging deployment refuses are forced once they have failed for long enough', async () => {
    const marathon = await start();
    const { scheduler } = drive(marathon.url, { forceKillAfterMs: 300 });
    const id = newServiceId();
    // It never gets healthy, so its deployment never ends.
    await scheduler.create(serviceSpec(id, 'exec sleep 600', 2));
    const [first, second] = await waitFor('two', async () => {
      const active = (await scheduler.get(id))?.active ?? [];
      return active.length === 2 && active;
    });
    if (first === undefined || second === undefined) throw new Error('too few');
    expect(await scheduler.kill(first)).toEqual({
      killed: false,
      message: 'Locked by one or more deployments',
      status: 409,
    });
    await waitFor('the kill', async () => (await scheduler.kill(first)).killed);
    const after = await waitFor('one', async () => {
      const service = await scheduler.get(id);
      return service?.active.length === 1 && service;
    });
    expect(after).toMatchObject({ requested: 1, active: [{ id: second.id }], failed: [] });
    // The count of time begins anew.
    await scheduler.scale(id, 2);
    expect(await scheduler.kill(second)).toMatchObject({ killed: false, status: 409 });
  });

  test('case 64: a count that Marathon gave up is set to what there is', async () => {
    const port = await freePort();
    const marathon = await start(0, { portRange: [port, port] });
    const { scheduler } = drive(marathon.url, { drift: { intervalMs: 100, cycles: 2 } });
    const id = newServiceId();
    await scheduler.create(serviceSpec(id, SERVE, 1));
    await waitFor('it to run', async () => (await scheduler.get(id))?.active[0]?.healthy);
    // There is no port for another one, and the deployment that waits for it is given up.
    await scheduler.scale(id, 3);
    await scheduler.maintain?.();
    expect(await scheduler.get(id)).toMatchObject({ requested: 3, scheduled: 1 });
    const deployments = (await (await fetch(`${marathon.url}/v2/deployments`)).json()) as { id: string }[];
    for (const each of deployments)
      await fetch(`${marathon.url}/v2/deployments/${each.id}?force=true`, { method: 'DELETE' });
    const [before] = (await scheduler.get(id))?.active ?? [];
    await waitFor('the repair', async () => {
      await scheduler.maintain?.();
      return (await scheduler.get(id))?.requested === 1;
    });
    expect(await scheduler.get(id)).toMatchObject({ scheduled: 1, active: [{ id: before?.id }] });
  });
});
