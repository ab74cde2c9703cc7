import fc from 'fast-check';
import { Store, WORKER_TTL_MS } from '@waiter/store';
import {
  sleep,
  startFaultProxy,
  startRedis,
  waitFor,
  type FaultProxy,
  type RedisServer,
} from '@waiter/testkit';
import type { Slot } from './reservations';
import { SlotReservations } from './slot-reservations';

const CLUSTER = 'test';
let redis: RedisServer;
let leader: Store;
let serial = 0;
const opened: { store: Store; reservations: SlotReservations }[] = [];

beforeAll(async () => {
  redis = await startRedis();
  leader = await Store.open({ url: redis.url, cluster: CLUSTER });
});

afterEach(async () => {
  for (const { store, reservations } of opened.splice(0)) {
    await reservations.close(0);
    await store.close();
  }
});

afterAll(async () => {
  await leader.close();
  await redis.stop();
});

async function worker(name: string, url = redis.url): Promise<SlotReservations> {
  const store = await Store.open({ url, cluster: CLUSTER }, 'failFast');
  const reservations = await SlotReservations.start({
    workerId: `${name}-${(serial += 1)}/1`,
    store,
    onWaiting: () => undefined,
  });
  opened.push({ store, reservations });
  return reservations;
}

async function publish(
  serviceId: string,
  concurrencyLevel: number,
  states: readonly ('open' | 'draining')[],
  deploymentError: string | null = null,
): Promise<void> {
  await leader.instances.publish(
    {
      serviceId,
      epoch: 1,
      requested: states.length,
      scheduled: states.length,
      instances: states.map((state, n) => ({
        id: `${serviceId}.i${n}`,
        serviceId,
        host: '127.0.0.1',
        port: 4000 + n,
        extraPorts: [],
        startedAtMs: 1000 + n,
        healthy: true,
        flags: [],
        healthCheckStatus: null,
        exitCode: null,
        message: null,
        logDirectory: null,
        draining: state === 'draining',
      })),
      failed: [],
      killed: [],
      deploymentError:
        deploymentError === null ? null : { key: 'bad-startup-command', message: deploymentError },
    },
    { concurrencyLevel, loadBalancing: 'oldest' },
  );
}

const service = (concurrencyLevel: number, maxQueueLength = 1000) => ({
  serviceId: `waiter-service-r${(serial += 1)}`,
  concurrencyLevel,
  loadBalancing: 'oldest' as const,
  maxQueueLength,
});

interface Client {
  readonly slot: Promise<Slot>;
  hangUp(): void;
}

function ask(
  reservations: SlotReservations,
  of: ReturnType<typeof service>,
  queueTimeoutMs = 10_000,
): Client {
  const listeners: (() => void)[] = [];
  const slot = reservations.reserve(of, {
    queueTimeoutMs,
    arrivedAtMs: Date.now(),
    onAbort: (listener) => listeners.push(listener),
  });
  slot.catch(() => undefined);
  return { slot, hangUp: () => listeners.forEach((listener) => listener()) };
}

describe('slot reservations of several workers', () => {
  it('give a waiting request the slot as soon as the instance is published', async () => {
    const one = await worker('a');
    const of = service(1);
    const client = ask(one, of);
    await sleep(30);
    await publish(of.serviceId, 1, ['open']);
    const slot = await client.slot;
    expect(slot).toMatchObject({ host: '127.0.0.1', port: 4000, instanceId: `${of.serviceId}.i0` });
    slot.release('success');
  });

  it('are work-conserving under a load whose queue changes all the time', async () => {
    const one = await worker('a');
    const of = service(100);
    await publish(of.serviceId, 100, ['open']);
    let most = 0;
    let stop = false;
    const client = async (): Promise<void> => {
      while (!stop) {
        const slot = await ask(one, of).slot;
        most = Math.max(most, one.loads().get(of.serviceId)?.inFlight ?? 0);
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
    const [a, b] = [await worker('a'), await worker('b')];
    const of = service(1);
    await publish(of.serviceId, 1, ['open', 'open']);
    const first = await ask(a, of).slot;
    const second = await ask(a, of).slot;
    second.release('success'); // now idle, and held by a
    const other = await ask(b, of).slot;
    expect(other.instanceId).toBe(second.instanceId);
    expect(other.waitedMs).toBeLessThan(1_000); // a's running request never ended
    first.release('success');
    other.release('success');
  });

  it('pass a freed slot to the request that has waited longest anywhere', async () => {
    const [a, b] = [await worker('a'), await worker('b')];
    const of = service(1);
    await publish(of.serviceId, 1, ['open']);
    const running = await ask(a, of).slot;
    const older = ask(b, of);
    await sleep(60);
    const younger = ask(a, of);
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
    const [a, b] = [await worker('a'), await worker('b')];
    const of = service(1, 1);
    await publish(of.serviceId, 1, ['open']);
    const running = await ask(a, of).slot;
    const gone = ask(a, of);
    const waiting = ask(a, of);
    await expect(ask(a, of).slot).rejects.toThrow('Max queue length exceeded');
    await sleep(300);
    gone.hangUp();
    await expect(gone.slot).rejects.toThrow('closed by client');
    const elsewhere = ask(b, of);
    await sleep(300);
    await expect(ask(b, of).slot).rejects.toThrow('Max queue length exceeded');
    running.release('success');
    (await waiting.slot).release('success');
    (await elsewhere.slot).release('success');
  });

  it('time out with the words of the specification', async () => {
    const a = await worker('a');
    await expect(ask(a, service(1), 1000).slot).rejects.toThrow(
      'After 1 seconds, no instance available to handle request.',
    );
  });

  it('fail at once when the service cannot start, and serve again when it can', async () => {
    const a = await worker('a');
    const of = service(1);
    const waiting = ask(a, of);
    await sleep(30);
    await publish(of.serviceId, 1, [], 'Invalid startup command');
    await expect(waiting.slot).rejects.toThrow('Deployment error: Invalid startup command');
    await expect(ask(a, of).slot).rejects.toThrow('Deployment error: Invalid startup command');
    await publish(of.serviceId, 1, ['open']);
    await waitFor('a slot', () => ask(a, of).slot.catch(() => undefined));
  });

  it('give everything on a draining instance back, the busy slot when it is free', async () => {
    const a = await worker('a');
    const of = service(2);
    await publish(of.serviceId, 2, ['open']);
    const slot = await ask(a, of).slot;
    await publish(of.serviceId, 2, ['draining']);
    await waitFor(
      'idle slots to go back',
      async () => (await leader.leases.usage(of.serviceId)).get(slot.instanceId) === 1,
    );
    slot.release('success');
    await waitFor(
      'the last slot to go back',
      async () => (await leader.leases.usage(of.serviceId)).size === 0,
    );
  });

  it('give idle slots back after two seconds', async () => {
    const a = await worker('a');
    const of = service(5);
    await publish(of.serviceId, 5, ['open']);
    (await ask(a, of).slot).release('success');
    await waitFor('idle slots to go back', async () => (await leader.leases.usage(of.serviceId)).size === 0, {
      timeoutMs: 6_000,
    });
  });

  it('free the slots of a worker that dies, within three seconds', async () => {
    const [a, b] = [await worker('a'), await worker('b')];
    const of = service(1);
    await publish(of.serviceId, 1, ['open']);
    await ask(a, of).slot; // never released
    const died = opened.splice(0, 1)[0];
    died?.store.connection.redis.disconnect();
    died?.store.connection.subscriptions().disconnect();
    const startedAt = Date.now();
    const client = ask(b, of);
    const reaper = setInterval(() => void leader.members.reap(), 100);
    await client.slot;
    clearInterval(reaper);
    expect(Date.now() - startedAt).toBeLessThan(WORKER_TTL_MS + 1_000);
    await died?.reservations.close(0);
  });

  it('serve from what is held and a share while Redis is away, and converge when it is back', async () => {
    const proxy: FaultProxy = await startFaultProxy({ targetPort: redis.port });
    const a = await worker('a', `redis://127.0.0.1:${proxy.port}`);
    const of = service(4);
    await publish(of.serviceId, 4, ['open', 'open']);
    const held = await ask(a, of).slot;
    await sleep(100);
    proxy.cut();
    held.release('success');
    const during = [];
    for (let i = 0; i < 4; i += 1) during.push(await ask(a, of, 5_000).slot);
    proxy.heal();
    await waitFor('the running requests to be stated', async () => {
      const usage = await leader.leases.usage(of.serviceId);
      return [...usage.values()].reduce((sum, n) => sum + n, 0) >= during.length;
    });
    during.forEach((slot) => slot.release('success'));
    (await ask(a, of).slot).release('success');
    await opened.at(-1)?.reservations.close(0);
    await proxy.stop();
  }, 20_000);

  it('never have more requests on an instance than its concurrency level, whatever the order of events', async () => {
    const workers = [await worker('a'), await worker('b'), await worker('c')];
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 0, max: 12 }), fc.boolean()), {
          minLength: 5,
          maxLength: 40,
        }),
        async (concurrency, requests) => {
          const of = service(concurrency);
          await publish(of.serviceId, concurrency, ['open', 'open']);
          const running = new Map<string, number>();
          let worst = 0;
          let done = 0;
          await Promise.all(
            requests.map(async ([index, ms, hangsUp]) => {
              await sleep(ms);
              const client = ask(workers[index] as SlotReservations, of, 8_000);
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
