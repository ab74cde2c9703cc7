import type { InstanceId, ServiceId, WorkerId } from '@waiter/core';
import type { EjectionReport, EjectionRules } from '../ejections';
import { rankOf, type Ejections, type ExchangeReply, type Grant, type LeaseMessage } from '../lease-protocol';
import type { LeaseStore } from '../leases';

export interface ModelRequest {
  readonly rank: number;
  /** Told of, and not decided upon; or admitted to wait. */
  stage: 'fresh' | 'pending' | 'admitted';
}

interface Running {
  readonly instance: InstanceId;
  readonly probe: boolean;
}

export interface ModelOptions {
  /** Slots that it likes to keep ready. */
  readonly extra?: number;
  readonly queueLimit?: number;
  readonly ejection?: EjectionRules;
}

/** Long enough never to end within a test; time passes there by `LeaseWorld`. */
const FOR_EVER: EjectionRules = { baseMs: 3_600_000, maxMs: 36_000_000 };

/**
 * A worker as the protocol sees it, without clock or shortcut: it queues, uses what it holds, gives idle slots back when
 * recalled or when they are of no use, follows the version of its holdings, and keeps to what it is told of ejections.
 */
export class ModelWorker {
  version = 0;
  held = new Map<InstanceId, number>();
  running: Running[] = [];
  queue: ModelRequest[] = [];
  closed = new Set<InstanceId>();
  /** Ejected instances, and whether the slot to try one is here: not used yet, or with its request. */
  ejected = new Map<InstanceId, 'none' | 'held' | 'flying'>();
  private ejectionsVersion = 0;
  reports: EjectionReport[] = [];
  /** The first rank that waits elsewhere, as far as this worker was told. */
  elsewhere: number | null = null;
  /** Ranks in the order in which they were served. */
  served: number[] = [];
  refused: number[] = [];
  stop: () => void = () => undefined;
  inbox: LeaseMessage[] = [];
  private readonly options: Required<ModelOptions>;

  constructor(
    public id: WorkerId,
    readonly serviceId: ServiceId,
    private readonly leases: LeaseStore,
    options: ModelOptions = {},
  ) {
    this.options = { extra: 0, queueLimit: 1_000_000, ejection: FOR_EVER, ...options };
  }

  async listen(): Promise<void> {
    this.stop = await this.leases.subscribe(this.id, (message) => this.inbox.push(message));
  }

  arrive(atMs: number, prioritised = false): void {
    this.queue.push({ rank: rankOf(atMs, prioritised), stage: 'fresh' });
    this.queue.sort((a, b) => a.rank - b.rank);
  }

  busy(id: InstanceId): number {
    return this.running.filter(({ instance }) => instance === id).length;
  }

  idle(): [InstanceId, number][] {
    return [...this.held]
      .map(([id, n]): [InstanceId, number] => [id, n - this.busy(id)])
      .filter(([, n]) => n > 0);
  }

  /** Idle slots that may be used. */
  usable(id: InstanceId): number {
    if (this.closed.has(id)) return 0;
    const idle = (this.held.get(id) ?? 0) - this.busy(id);
    const probe = this.ejected.get(id);
    return probe === undefined ? idle : probe === 'held' ? Math.min(1, idle) : 0;
  }

  /** Others wait, and came before everybody here. */
  yields(): boolean {
    return this.elsewhere !== null && this.elsewhere < (this.queue[0]?.rank ?? Infinity);
  }

  use(): void {
    for (const [id] of this.idle()) {
      while (this.usable(id) > 0) {
        const request = this.queue.shift();
        if (request === undefined) return;
        this.served.push(request.rank);
        const probe = this.ejected.get(id) === 'held';
        if (probe) this.ejected.set(id, 'flying');
        this.running.push({ instance: id, probe });
      }
    }
  }

  /** A running request ends. */
  finish(n: number): void {
    const one = this.end(n);
    if (one?.probe === true && this.ejected.has(one.instance)) {
      this.ejected.delete(one.instance);
      this.reports.push([one.instance, 'served']);
    }
    if (!this.yields()) this.use();
  }

  /** A running request fails. */
  fail(n: number): void {
    const one = this.end(n);
    if (one !== undefined && (one.probe || !this.ejected.has(one.instance))) {
      this.ejected.set(one.instance, 'none');
      this.reports.push([one.instance, 'failed']);
    }
    if (!this.yields()) this.use();
  }

  private end(n: number): Running | undefined {
    const [one] = this.running.splice(n % Math.max(1, this.running.length), 1);
    return one;
  }

  async exchange(): Promise<ExchangeReply> {
    const give: [InstanceId, number][] = [];
    for (const [id, idle] of this.idle()) {
      const useless = idle - this.usable(id);
      const n = this.yields() ? idle : useless;
      if (n > useless && this.ejected.get(id) === 'held') {
        this.ejected.set(id, 'none');
        this.reports.push([id, 'unused']);
      }
      if (n > 0) give.push([id, n]);
    }
    const reports = this.reports;
    const prioritised = this.queue.filter(({ rank }) => rank < 0);
    const ordinary = this.queue.filter(({ rank }) => rank >= 0);
    const reply = await this.leases.exchange({
      workerId: this.id,
      serviceId: this.serviceId,
      version: this.version,
      prioritised: lane(prioritised),
      ordinary: lane(ordinary),
      admitted: this.count('admitted'),
      fresh: this.count('fresh'),
      queueLimit: this.options.queueLimit,
      // One unused probe is enough.
      extra: this.elsewhere === null && ![...this.ejected.values()].includes('held') ? this.options.extra : 0,
      giveBack: give,
      reports,
      ejection: this.options.ejection,
    });
    if (reply.status === 'ok') {
      this.reports = [];
      for (const [id, n] of give) this.held.set(id, (this.held.get(id) ?? 0) - n);
      this.elsewhere = reply.firstRankElsewhere;
      this.add(reply.grants);
      this.version = reply.version;
      this.learn(reply.ejections);
      this.use();
      this.judge(reply.admitted);
    } else if (reply.status === 'resync') {
      this.held.clear();
      this.add(reply.grants);
      this.version = reply.version;
      this.use();
      // A resync registers nothing: say again what is waited for.
      return this.exchange();
    }
    return reply;
  }

  count(stage: ModelRequest['stage']): number {
    return this.queue.filter((request) => request.stage === stage).length;
  }

  private judge(admitted: number): void {
    const judged = this.count('admitted') + this.count('pending');
    for (let excess = judged - admitted; excess > 0; excess -= 1) {
      const at = this.queue.findLastIndex(({ stage }) => stage === 'pending');
      const [refused] = this.queue.splice(at, 1);
      this.refused.push(refused?.rank ?? NaN);
    }
    const all = admitted >= this.queue.length;
    for (const request of this.queue) {
      request.stage = request.stage === 'fresh' && !all ? 'pending' : 'admitted';
    }
  }

  async reassert(id: WorkerId): Promise<void> {
    this.stop();
    this.id = id;
    this.inbox = [];
    await this.listen();
    this.held = new Map(this.running.map(({ instance }) => [instance, this.busy(instance)]));
    for (const [instance, probe] of this.ejected) if (probe === 'held') this.ejected.set(instance, 'none');
    this.version = (await this.leases.reassert(id, this.serviceId, 0, [...this.held])) ?? NaN;
  }

  /** Handles what came in; true when that calls for an exchange. */
  digest(): boolean {
    let act = false;
    for (const message of this.inbox.splice(0)) {
      if (message.type === 'recall') {
        this.elsewhere = message.firstRank;
        act ||= this.idle().length > 0;
      } else if (message.type === 'ejections') {
        if (message.ejections.version <= this.ejectionsVersion) continue;
        this.learn(message.ejections);
        this.use();
        act = true;
      } else if (message.version === this.version + 1) {
        this.version = message.version;
        this.add(message.grants);
        this.use();
        act = true;
      } else if (message.version > this.version) {
        act = true;
      }
    }
    return act;
  }

  private add(grants: readonly Grant[]): void {
    for (const { instanceId, slots, probe } of grants) {
      this.held.set(instanceId, (this.held.get(instanceId) ?? 0) + slots);
      if (!probe) continue;
      const flying = this.running.some((one) => one.probe && one.instance === instanceId);
      this.ejected.set(instanceId, flying ? 'flying' : 'held');
    }
  }

  private learn({ version, all }: Ejections): void {
    this.ejectionsVersion = Math.max(version, this.ejectionsVersion);
    const now = new Map(
      all.map(({ instanceId }) => [instanceId, this.ejected.get(instanceId) ?? 'none'] as const),
    );
    for (const [id, kind] of this.reports) if (kind === 'failed') now.set(id, 'none');
    this.ejected = now;
  }
}

function lane(requests: readonly ModelRequest[]): { count: number; firstRank: number; step: number } {
  const first = requests[0]?.rank ?? 0;
  const last = requests.at(-1)?.rank ?? 0;
  const step = requests.length > 1 ? (last - first) / (requests.length - 1) : 0;
  return { count: requests.length, firstRank: first, step };
}
