import fc from 'fast-check';
import { WORKER_TTL_MS } from '@waiter/store';
import { sleep, startFaultProxy, waitFor, type FaultProxy } from '@waiter/testkit';
import { startWorkerFleet, type TestWorker, type WorkerFleet } from './testing/workers.int.test';

let fleet: WorkerFleet;

beforeAll(async () => {
  fleet = await startWorkerFleet();
});
afterEach(() => fleet.clear());
afterAll(() => fleet.stop());

describe('slot reservations of several workers', () => {
  it('give a waiting request the slot as soon as the instance is published', async () => {
    const one = await fleet.worker('a');
    const of = fleet.service(1);
    const client = fleet.ask(one, of);
    await sleep(30);
    await fleet.publish(of, ['open']);
    const slot = await client.slot;
    expect(slot).toMatchObject({ host: '127.0.0.1', port: 4000, instanceId: `${of.serviceId}.i0` });
    slot.release('success');
  });

  it('are work-conserving under a load whose queue changes all the time', async () => {
    const one = await fleet.worker('a');
    const of = fleet.service(100);
    await fleet.publish(of, ['open']);
    let most = 0;
    let stop = false;
    const client = async (): Promise<void> => {
      while (!stop) {
        const slot = await fleet.ask(one, of).slot;
        most = Math.max(most, one.reservations.loads().get(of.serviceId)?.inFlight ?? 0);
        await new Promise((resolve) => setImmediate(resolve));
        slot.release('success');
      }
    };
    const clients = [client()];
    await waitFor('the first slot', () => most === 1);
    clients.push(client());
    // The others come while the exchange for the second is on its way.
    await new Promise((resolve) => setImmediate(resolve));
    for (let i = 2; i < 40; i += 1) clients.push(client());
    await waitFor('a slot for everybody', () => most === 40);
    stop = true;
    await Promise.all(clients);
  });

  it('are work-conserving: an idle lease of another worker is recalled while its other requests run', async () => {
    const [a, b] = [await fleet.worker('a'), await fleet.worker('b')];
    const of = fleet.service(1);
    await fleet.publish(of, ['open', 'open']);
    const first = await fleet.ask(a, of).slot;
    const second = await fleet.ask(a, of).slot;
    second.release('success'); // now idle, and held by a
    const other = await fleet.ask(b, of).slot;
    expect(other.instanceId).toBe(second.instanceId);
    expect(other.waitedMs).toBeLessThan(1_000); // a's running request never ended
    first.release('success');
    other.release('success');
  });

  it('pass a freed slot to the request that has waited longest anywhere', async () => {
    const [a, b] = [await fleet.worker('a'), await fleet.worker('b')];
    const of = fleet.service(1);
    await fleet.publish(of, ['open']);
    const running = await fleet.ask(a, of).slot;
    const older = fleet.ask(b, of);
    await sleep(60);
    const younger = fleet.ask(a, of);
    await sleep(60);
    const order: string[] = [];
    void older.slot.then(() => order.push('older'));
    void younger.slot.then(() => order.push('younger'));
    running.release('success');
    (await older.slot).release('success');
    (await younger.slot).release('success');
    expect(order).toEqual(['older', 'younger']);
  });

  it('drop a client that hangs up, and refuse beyond max-queue-length fleet-wide', async () => {
    const [a, b] = [await fleet.worker('a'), await fleet.worker('b')];
    const of = fleet.service(1, { maxQueueLength: 1 });
    await fleet.publish(of, ['open']);
    const running = await fleet.ask(a, of).slot;
    const gone = fleet.ask(a, of);
    const waiting = fleet.ask(a, of);
    await expect(fleet.ask(a, of).slot).rejects.toThrow('Max queue length exceeded');
    await sleep(300);
    gone.hangUp();
    await expect(gone.slot).rejects.toThrow('closed by client');
    const elsewhere = fleet.ask(b, of);
    await sleep(300);
    await expect(fleet.ask(b, of).slot).rejects.toThrow('Max queue length exceeded');
    running.release('success');
    (await waiting.slot).release('success');
    (await elsewhere.slot).release('success');
  });

  it('time out with the words of the specification', async () => {
    const a = await fleet.worker('a');
    await expect(fleet.ask(a, fleet.service(1), { queueTimeoutMs: 1000 }).slot).rejects.toThrow(
      'After 1 seconds, no instance available to handle request.',
    );
  });

  it('fail at once when the service cannot start, and serve again when it can', async () => {
    const a = await fleet.worker('a');
    const of = fleet.service(1);
    const waiting = fleet.ask(a, of);
    await sleep(30);
    await fleet.publish(of, [], { deploymentError: 'Invalid startup command' });
    await expect(waiting.slot).rejects.toThrow('Deployment error: Invalid startup command');
    await expect(fleet.ask(a, of).slot).rejects.toThrow('Deployment error: Invalid startup command');
    await fleet.publish(of, ['open']);
    await waitFor('a slot', () => fleet.ask(a, of).slot.catch(() => undefined));
  });

  it('give everything on a draining instance back, the busy slot when it is free', async () => {
    const a = await fleet.worker('a');
    const of = fleet.service(2);
    await fleet.publish(of, ['open']);
    const slot = await fleet.ask(a, of).slot;
    await fleet.publish(of, ['draining']);
    await waitFor(
      'idle slots to go back',
      async () => (await fleet.leader.leases.usage(of.serviceId)).get(slot.instanceId) === 1,
    );
    slot.release('success');
    await waitFor(
      'the last slot to go back',
      async () => (await fleet.leader.leases.usage(of.serviceId)).size === 0,
    );
  });

  it('give idle slots back after two seconds', async () => {
    const a = await fleet.worker('a');
    const of = fleet.service(5);
    await fleet.publish(of, ['open']);
    (await fleet.ask(a, of).slot).release('success');
    await waitFor(
      'idle slots to go back',
      async () => (await fleet.leader.leases.usage(of.serviceId)).size === 0,
      {
        timeoutMs: 6_000,
      },
    );
  });

  it('free the slots of a worker that dies, within three seconds', async () => {
    const [a, b] = [await fleet.worker('a'), await fleet.worker('b')];
    const of = fleet.service(1);
    await fleet.publish(of, ['open']);
    await fleet.ask(a, of).slot; // never released
    fleet.forget(a);
    a.store.connection.redis.disconnect();
    a.store.connection.subscriptions().disconnect();
    const startedAt = Date.now();
    const client = fleet.ask(b, of);
    const reaper = setInterval(() => void fleet.leader.members.reap(), 100);
    await client.slot;
    clearInterval(reaper);
    expect(Date.now() - startedAt).toBeLessThan(WORKER_TTL_MS + 1_000);
    await a.reservations.close(0);
  });

  it('serve from what is held and a share while Redis is away, and converge when it is back', async () => {
    const proxy: FaultProxy = await startFaultProxy({ targetPort: fleet.redis.port });
    const a = await fleet.worker('a', `redis://127.0.0.1:${proxy.port}`);
    const of = fleet.service(4);
    await fleet.publish(of, ['open', 'open']);
    const held = await fleet.ask(a, of).slot;
    await sleep(100);
    proxy.cut();
    held.release('success');
    const during = [];
    for (let i = 0; i < 4; i += 1) during.push(await fleet.ask(a, of, { queueTimeoutMs: 5_000 }).slot);
    proxy.heal();
    await waitFor('the running requests to be stated', async () => {
      const usage = await fleet.leader.leases.usage(of.serviceId);
      return [...usage.values()].reduce((sum, n) => sum + n, 0) >= during.length;
    });
    during.forEach((slot) => slot.release('success'));
    (await fleet.ask(a, of).slot).release('success');
    await a.reservations.close(0);
    await proxy.stop();
  }, 20_000);

  it('never have more requests on an instance than its concurrency level, whatever the order of events', async () => {
    const workers = [await fleet.worker('a'), await fleet.worker('b'), await fleet.worker('c')];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 0, max: 12 }), fc.boolean()), {
          minLength: 5,
          maxLength: 40,
        }),
        async (concurrency, requests) => {
          const of = fleet.service(concurrency);
          await fleet.publish(of, ['open', 'open']);
          const running = new Map<string, number>();
          let worst = 0;
          let done = 0;
          await Promise.all(
            requests.map(async ([index, ms, hangsUp]) => {
              await sleep(ms);
              const client = fleet.ask(workers[index] as TestWorker, of, { queueTimeoutMs: 8_000 });
              if (hangsUp) setTimeout(client.hangUp, ms);
              const slot = await client.slot.catch(() => null);
              if (slot === null) return void (done += 1);
              const now = (running.get(slot.instanceId) ?? 0) + 1;
              running.set(slot.instanceId, now);
              worst = Math.max(worst, now);
              await sleep(ms);
              running.set(slot.instanceId, (running.get(slot.instanceId) ?? 0) - 1);
              slot.release('success');
              done += 1;
            }),
          );
          expect(worst).toBeLessThanOrEqual(concurrency);
          expect(done).toBe(requests.length);
        },
      ),
      { numRuns: 25 },
    );
  }, 120_000);
});
