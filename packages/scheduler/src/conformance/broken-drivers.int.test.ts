import type { Instance } from '@waiter/core';
import { startMiniMarathon } from '@waiter/mini-marathon';
import { temporaryDirectory } from '@waiter/testkit';
import { createMarathonScheduler } from '../marathon/marathon-scheduler';
import type { Scheduler, SchedulerEvent } from '../port';
import { GREEDY, newServiceId, serviceSpec, SERVE } from '../testing/services';
import { createBench } from './bench';
import { PROMISES, type SchedulerHarness } from './index';

/** What a driver that breaks one promise does in place of the real one. */
type Fault = (real: Scheduler) => Partial<Scheduler>;

const startsTwice: Fault = (real) => ({
  subscribe: (listener) =>
    real.subscribe((event) => {
      listener(event);
      if (event.type === 'started') listener(event);
    }),
});

const anotherOne = async (real: Scheduler, { id, serviceId }: Pick<Instance, 'id' | 'serviceId'>) => {
  const active = (await real.get(serviceId))?.active ?? [];
  return active.find((each) => each.id !== id) ?? { id, serviceId };
};

const withoutExitCode = (event: SchedulerEvent): SchedulerEvent =>
  event.type === 'ended' && event.failed !== null
    ? { ...event, failed: { ...event.failed, exitCode: null } }
    : event;

const FAULTS: readonly (readonly [promise: string, what: string, fault: Fault])[] = [
  [
    'create is idempotent',
    'says each time that it created',
    (real) => ({ create: async (spec) => (await real.create(spec)) || true }),
  ],
  [
    'get and list show',
    'forgets descriptions',
    (real) => ({
      get: async (id) => {
        const service = await real.get(id);
        return service === null ? null : { ...service, description: null };
      },
    }),
  ],
  ['what is not known', 'takes any count for any service', () => ({ scale: () => Promise.resolve() })],
  ['scaling up', 'does not scale', () => ({ scale: () => Promise.resolve() })],
  [
    'kill ends the chosen',
    'kills another one',
    (real) => ({ kill: async (victim) => real.kill(await anotherOne(real, victim)) }),
  ],
  [
    'kill of what does not exist',
    'says of anything that it was killed',
    () => ({ kill: () => Promise.resolve({ killed: true }) }),
  ],
  [
    'a command that fails',
    'loses exit codes',
    (real) => ({ subscribe: (listener) => real.subscribe((event) => listener(withoutExitCode(event))) }),
  ],
  ['each start is told once', 'tells starts twice', startsTwice],
  ['after its end', 'does not end', () => ({ close: () => Promise.resolve() })],
];

function faulty(real: Scheduler, fault: Fault): Scheduler {
  return {
    kind: real.kind,
    list: () => real.list(),
    get: (id) => real.get(id),
    create: (spec) => real.create(spec),
    scale: (id, instances, options) => real.scale(id, instances, options),
    kill: (instance, options) => real.kill(instance, options),
    delete: (id) => real.delete(id),
    subscribe: (listener) => real.subscribe(listener),
    close: () => real.close(),
    ...fault(real),
  };
}

describe('a driver that breaks a promise of the port fails the conformance suite', () => {
  const closers: (() => Promise<void>)[] = [];
  let url: string;
  beforeAll(async () => {
    const directory = await temporaryDirectory('broken-drivers');
    const marathon = await startMiniMarathon({ port: 0, dataDir: directory.path });
    url = marathon.url;
    closers.push(
      () => directory.remove(),
      () => marathon.close(),
    );
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  const driver = (): Scheduler => {
    const scheduler = createMarathonScheduler({ url, servicePrefix: 'waiter-service-', reconcileMs: 60_000 });
    closers.push(() => scheduler.close());
    return scheduler;
  };

  test.each(FAULTS)('"%s": it %s', async (start, _what, fault) => {
    const [one, ...others] = PROMISES.filter(({ promise }) => promise.startsWith(start));
    if (one === undefined || others.length > 0) throw new Error(`not one promise starts with ${start}`);
    const harness: SchedulerHarness = {
      scheduler: driver(),
      another: () => faulty(driver(), fault),
      spec: serviceSpec,
      newServiceId,
      serveCommand: SERVE,
      greedyCommand: GREEDY,
      interrupt: () => Promise.reject(new Error('no fault here is about interruptions')),
      close: () => Promise.resolve(),
    };
    const bench = createBench(harness, faulty(harness.scheduler, fault));
    try {
      // An assertion of the suite says so: not a deadline that passed on a slow machine.
      await expect(one.holds(bench)).rejects.toThrow(/expect\(/);
    } finally {
      await bench.clear();
    }
  });
});
