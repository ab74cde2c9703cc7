import { builtInSettings, ManualClock, type Instance } from '@waiter/core';
import { createMetrics, NO_STATSD, silentLogger } from '@waiter/observability';
import { StaleEpochError, type InstanceSnapshot, type Store } from '@waiter/store';
import type { Context } from '../context';
import { scalerMetrics } from '../metrics';
import { scalerOptions } from '../options';
import { rebuildService } from '../service/record';
import { Service } from '../service/service';
import { Publisher } from './publisher';

type Written = Omit<InstanceSnapshot, 'version'>;

/** Redis as far as the publisher sees it: writes are answered one by one, by the test. */
function make() {
  const settings = builtInSettings('test');
  const written: Written[] = [];
  const answers: { resolve: (version: number) => void; reject: (error: Error) => void }[] = [];
  const store = {
    instances: {
      publish: (snapshot: Written) => {
        written.push(snapshot);
        return new Promise<number>((resolve, reject) => answers.push({ resolve, reject }));
      },
    },
  } as unknown as Store;
  let leading = true;
  const stepDown = jest.fn();
  const context = {
    epoch: 1,
    store,
    stepDown,
    acting: () => leading,
    clock: new ManualClock(),
    logger: silentLogger,
    metrics: scalerMetrics(createMetrics()),
    statsd: NO_STATSD,
    options: scalerOptions({ id: 's', clusterName: 'test', passwords: [], descriptions: settings }),
  } as unknown as Context;
  const service = new Service(rebuildService('s', { cmd: 'x', cpus: 1, mem: 1 }, settings, 0), 0);
  const add = (id: string): unknown =>
    service.noteActive(
      {
        id,
        serviceId: 's',
        host: 'h',
        port: 1,
        extraPorts: [],
        flags: [],
        healthy: true,
      } as unknown as Instance,
      1,
    );
  return {
    publisher: new Publisher(context, { observe: () => undefined, noteError: () => undefined }),
    service,
    written,
    answers,
    add,
    stepDown,
    lose: () => (leading = false),
  };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('writes go one at a time, and the next one has the newest state', async () => {
  const { publisher, service, written, answers, add } = make();
  add('a');
  const first = publisher.publish(service);
  await settled();
  add('b');
  const second = publisher.publish(service);
  add('c');
  const third = publisher.publish(service);
  await settled();
  expect(written.map(({ instances }) => instances.length)).toEqual([1]);
  answers[0]?.resolve(1);
  await first;
  await settled();
  expect(written.map(({ instances }) => instances.length)).toEqual([1, 3]);
  answers[1]?.resolve(2);
  await Promise.all([second, third]);
});

test('nothing is written when nothing changed', async () => {
  const { publisher, service, written, answers, add } = make();
  add('a');
  const first = publisher.publish(service);
  await settled();
  answers[0]?.resolve(1);
  await first;
  await publisher.publish(service);
  expect(written).toHaveLength(1);
});

test('a failed write is not taken for a published one', async () => {
  const { publisher, service, written, answers, add } = make();
  add('a');
  const first = publisher.publish(service);
  await settled();
  answers[0]?.reject(new Error('connection lost'));
  await expect(first).rejects.toThrow('connection lost');
  const again = publisher.publish(service);
  await settled();
  answers[1]?.resolve(1);
  await again;
  expect(written).toHaveLength(2);
});

test('nothing is written without the lease, and a later epoch deposes', async () => {
  const { publisher, service, written, answers, add, stepDown, lose } = make();
  add('a');
  const first = publisher.publish(service);
  await settled();
  answers[0]?.reject(new StaleEpochError(1));
  await expect(first).rejects.toThrow(StaleEpochError);
  expect(stepDown).toHaveBeenCalledTimes(1);
  lose();
  await expect(publisher.publish(service)).rejects.toThrow('not leading');
  expect(written).toHaveLength(1);
});

test('what can wait is written with what cannot, or a moment later by itself', async () => {
  const { publisher, service, written, answers, add } = make();
  add('a');
  publisher.publishLater(service);
  await settled();
  expect(written).toHaveLength(0);
  add('b');
  const urgent = publisher.publish(service);
  await settled();
  answers[0]?.resolve(1);
  await urgent;
  expect(written.map(({ instances }) => instances.length)).toEqual([2]);
  add('c');
  publisher.publishLater(service);
  while (written.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  answers[1]?.resolve(2);
  expect(written.map(({ instances }) => instances.length)).toEqual([2, 3]);
});
