import type { InstanceId, LoadBalancing, ServiceId } from '@waiter/core';
import type { Connection } from '../connection';
import type { PublishedInstance } from '../instances';
import { InstanceStore } from '../instances';
import { LeaseStore } from '../leases';
import { ModelWorker, type ModelOptions } from './model-worker';

export type State = 'open' | 'draining' | 'gone';

export type Step =
  | { kind: 'arrive'; worker: number; n: number; prioritised?: boolean }
  | { kind: 'finish' | 'fail' | 'die' | 'lapse' | 'mislay'; worker: number; n: number }
  | { kind: 'publish'; states: State[] }
  /** The time for which instances are ejected is over. */
  | { kind: 'due' };

export interface WorldOptions extends ModelOptions {
  readonly capacity: number;
  readonly workers?: number;
  readonly loadBalancing?: LoadBalancing;
  readonly makeInstances: (id: ServiceId, states: readonly State[]) => PublishedInstance[];
}

/** Plays steps on the real scripts, and after each lets the workers react until nothing moves. */
export class LeaseWorld {
  readonly workers: ModelWorker[] = [];
  states: State[] = ['open', 'open'];
  time = 1_000_000;
  private names = 0;
  private readonly leases: LeaseStore;
  private readonly instances: InstanceStore;

  constructor(
    readonly connection: Connection,
    readonly serviceId: ServiceId,
    readonly options: WorldOptions,
  ) {
    this.leases = new LeaseStore(connection);
    this.instances = new InstanceStore(connection);
  }

  async begin(states: State[] = this.states): Promise<void> {
    this.states = states;
    await this.publish();
    for (let i = 0; i < (this.options.workers ?? 3); i += 1) await this.spawn(i);
  }

  end(): void {
    for (const worker of this.workers) worker.stop();
  }

  private async publish(): Promise<void> {
    const { capacity, loadBalancing = 'oldest', makeInstances } = this.options;
    await this.instances.publish(
      {
        serviceId: this.serviceId,
        epoch: 1,
        requested: this.states.length,
        scheduled: this.states.length,
        instances: makeInstances(this.serviceId, this.states),
        failed: [],
        killed: [],
        deploymentError: null,
      },
      { concurrencyLevel: capacity, loadBalancing },
    );
  }

  private nextName(): string {
    return `${this.serviceId}/w${(this.names += 1)}`;
  }

  private async spawn(i: number): Promise<void> {
    const worker = new ModelWorker(this.nextName(), this.serviceId, this.leases, {
      extra: i,
      ...this.options,
    });
    await worker.listen();
    this.workers[i] = worker;
    worker.closed = this.closedIds();
    await worker.exchange();
  }

  id(n: number): InstanceId {
    return `${this.serviceId}.i${n}`;
  }

  isOpen(id: InstanceId): boolean {
    return this.states[Number(id.split('.i')[1])] === 'open';
  }

  private closedIds(): Set<InstanceId> {
    return new Set([0, 1, 2, 3].map((n) => this.id(n)).filter((id) => !this.isOpen(id)));
  }

  async play(one: Step): Promise<void> {
    if (one.kind === 'publish') {
      this.states = [...one.states];
      await this.publish();
      for (const worker of this.workers) worker.closed = this.closedIds();
      for (const worker of this.workers) await worker.exchange();
    } else if (one.kind === 'due') {
      await this.passTime();
      for (const worker of this.workers) await worker.exchange();
    } else {
      await this.playOn(this.workers[one.worker] as ModelWorker, one);
    }
    await this.settle();
  }

  private async playOn(worker: ModelWorker, one: Exclude<Step, { kind: 'publish' | 'due' }>): Promise<void> {
    switch (one.kind) {
      case 'arrive':
        for (let i = 0; i <= one.n; i += 1) worker.arrive((this.time += 1), one.prioritised);
        worker.use();
        return void (await worker.exchange());
      case 'finish':
        worker.finish(one.n);
        return void (await worker.exchange());
      case 'fail':
        worker.fail(one.n);
        return void (await worker.exchange());
      case 'die':
        worker.stop();
        await this.leases.reap(worker.id, this.serviceId);
        return this.spawn(one.worker);
      case 'lapse':
        await this.leases.reap(worker.id, this.serviceId);
        await worker.reassert(this.nextName());
        return void (await worker.exchange());
      case 'mislay':
        // Messages are lost; the next exchange must heal that.
        await this.delivered();
        worker.inbox = [];
        await worker.exchange();
        return void (await worker.exchange());
    }
  }

  /** Every ejection is over, as if so much time had passed. */
  private async passTime(): Promise<void> {
    const { redis, keys } = this.connection;
    const key = keys.ejections(this.serviceId);
    for (const [field, row] of Object.entries(await redis.hgetall(key))) {
      const [failures, , period, probe] = row.split(' ');
      if (probe !== undefined) await redis.hset(key, field, `${failures} 1 ${period} ${probe}`);
    }
  }

  /** Everything published so far has arrived: a marker on each channel comes after it. */
  private async delivered(): Promise<void> {
    for (const worker of this.workers) {
      const marker = JSON.stringify({ type: 'recall', service: 'marker', first: 0, need: 0 });
      await this.connection.redis.publish(this.connection.keys.workerChannel(worker.id), marker);
      const until = Date.now() + 5_000;
      while (!worker.inbox.some(({ service }) => service === 'marker')) {
        if (Date.now() > until) throw new Error('marker did not arrive');
        await new Promise((resolve) => setImmediate(resolve));
      }
      worker.inbox = worker.inbox.filter(({ service }) => service !== 'marker');
    }
  }

  private async settle(): Promise<void> {
    for (let round = 0; round < 60; round += 1) {
      await this.delivered();
      let moved = false;
      for (const worker of this.workers) {
        if (!worker.digest()) continue;
        moved = true;
        await worker.exchange();
      }
      if (moved) continue;
      // Idle slots have been recalled: now it is decided who may wait.
      const undecided = this.workers.filter((worker) => worker.count('pending') > 0);
      if (undecided.length === 0) return;
      for (const worker of undecided) await worker.exchange();
    }
    throw new Error('the protocol does not come to rest');
  }

  usage(): Promise<Map<InstanceId, number>> {
    return this.leases.usage(this.serviceId);
  }

  queued(): number {
    return this.workers.reduce((sum, { queue }) => sum + queue.length, 0);
  }

  refused(): number {
    return this.workers.reduce((sum, { refused }) => sum + refused.length, 0);
  }

  /** Ejected instances, and whether nothing at all may be leased of them now. */
  async ejections(): Promise<Map<InstanceId, { readonly barred: boolean }>> {
    const { redis, keys } = this.connection;
    const rows = Object.entries(await redis.hgetall(keys.ejections(this.serviceId)));
    const now = Date.now();
    return new Map(
      rows
        .filter(([, row]) => row.includes(' '))
        .map(([id, row]) => [id, { barred: Number(row.split(' ')[1]) > now }]),
    );
  }
}
