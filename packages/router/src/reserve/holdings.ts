import type { InstanceId, LoadBalancing } from '@waiter/core';
import type { Grant } from '@waiter/store';

/** What a worker knows of an instance that is out of rotation. */
export interface LocalEjection {
  /** Failures in a row. */
  failures: number;
  /** When one request may try it, monotonic milliseconds. */
  untilMs: number;
  /** The slot for that request: not here, here and unused, or with its request. */
  probe: 'none' | 'held' | 'flying';
}

/** An instance as one worker sees it. */
export interface HeldInstance {
  readonly id: InstanceId;
  readonly host: string;
  readonly port: number;
  readonly startedAtMs: number;
  /** Slots leased to this worker. */
  held: number;
  /** Requests this worker has in flight there; above `held` only while Redis is away or right after. */
  inUse: number;
  /** False once it drains: what is leased goes back as it falls free. */
  open: boolean;
  /** It is to be stopped, as far as is known; a closed instance may also be merely unhealthy. */
  draining: boolean;
  /** To be replaced: the last choice. */
  expired: boolean;
  /** Null while it is in rotation. */
  ejection: LocalEjection | null;
  /** Grows with every ejection: tells requests that began before it. */
  round: number;
}

type Order = (a: HeldInstance, b: HeldInstance) => number;

const byId: Order = (a, b) => (a.id < b.id ? -1 : 1);
/** Order in which a service's instances are used, after what is expired (spec: request-path 3.5). */
const ORDER: Readonly<Record<LoadBalancing, Order>> = {
  oldest: (a, b) => a.startedAtMs - b.startedAtMs || byId(a, b),
  youngest: (a, b) => b.startedAtMs - a.startedAtMs || byId(a, b),
  random: byId,
};

const order =
  (policy: LoadBalancing): Order =>
  (a, b) =>
    Number(a.expired) - Number(b.expired) || (a.expired ? ORDER.youngest(a, b) : ORDER[policy](a, b));

/** The slots one worker holds for one service. Pure bookkeeping: no Redis, no clock. */
export class Holdings {
  private ordered: HeldInstance[] = [];
  private readonly byId = new Map<InstanceId, HeldInstance>();

  constructor(private policy: LoadBalancing) {}

  get heldTotal(): number {
    let total = 0;
    for (const instance of this.ordered) total += instance.held;
    return total;
  }

  get all(): readonly HeldInstance[] {
    return this.ordered;
  }

  get loadBalancing(): LoadBalancing {
    return this.policy;
  }

  get(id: InstanceId): HeldInstance | undefined {
    return this.byId.get(id);
  }

  /**
   * Adds granted slots.
   * @returns instances of which the slot is a probe
   */
  add(grants: readonly Grant[]): HeldInstance[] {
    const probes: HeldInstance[] = [];
    for (const grant of grants) {
      const instance = this.enter(grant);
      instance.held += grant.slots;
      instance.open = grant.open;
      if (grant.probe) probes.push(instance);
    }
    return probes;
  }

  /** Takes Redis's word for what is held; what is in flight stays. */
  replace(grants: readonly Grant[]): HeldInstance[] {
    for (const instance of this.ordered) instance.held = 0;
    const probes = this.add(grants);
    this.prune();
    return probes;
  }

  /** States that exactly what is in flight is held. */
  holdInFlight(): void {
    for (const instance of this.ordered) instance.held = instance.inUse;
    this.prune();
  }

  close(ids: readonly InstanceId[]): boolean {
    let changed = false;
    for (const id of ids) {
      const instance = this.byId.get(id);
      if (instance?.open !== true) continue;
      instance.open = false;
      changed = true;
    }
    return changed;
  }

  /** Takes note of what the snapshot says of an instance that is known. */
  mark(id: InstanceId, draining: boolean): void {
    const instance = this.byId.get(id);
    if (instance !== undefined) instance.draining = draining;
  }

  /** Makes an instance known that this worker holds nothing on: for the time when Redis is away. */
  learn(instance: Omit<Grant, 'slots' | 'open' | 'probe'>): void {
    this.enter(instance).open = true;
  }

  /** The order of preference from now on. */
  prefer(policy: LoadBalancing, expired: ReadonlySet<InstanceId>): void {
    let changed = policy !== this.policy;
    this.policy = policy;
    for (const instance of this.ordered) {
      if (instance.expired === expired.has(instance.id)) continue;
      instance.expired = !instance.expired;
      changed = true;
    }
    if (changed) this.ordered.sort(order(policy));
  }

  /**
   * Takes idle slots out of the holdings, to give them back: all that must not be used, and up to `surplus` others,
   * least preferred first.
   */
  takeIdle(surplus: number): (readonly [InstanceId, number])[] {
    const taken: (readonly [InstanceId, number])[] = [];
    let left = surplus;
    for (let i = this.ordered.length - 1; i >= 0; i -= 1) {
      const instance = this.ordered[i];
      if (instance === undefined) continue;
      const idle = instance.held - instance.inUse;
      const usable = Math.min(idle, usableOf(instance));
      const count = idle - usable + Math.min(usable, left);
      if (count <= 0) continue;
      left -= Math.min(usable, left);
      instance.held -= count;
      taken.push([instance.id, count]);
    }
    if (taken.length > 0) this.prune();
    return taken;
  }

  /** True when slots are held that must not be used. */
  get hasUseless(): boolean {
    return this.ordered.some((instance) => instance.held - instance.inUse > usableOf(instance));
  }

  /** `[instance, requests in flight]` of what has any. */
  inFlight(): (readonly [InstanceId, number])[] {
    return this.ordered.filter(({ inUse }) => inUse > 0).map(({ id, inUse }) => [id, inUse] as const);
  }

  /** Forgets closed instances that nothing is held or in flight on. */
  prune(): void {
    const gone = this.ordered.filter(({ held, inUse, open }) => held === 0 && inUse === 0 && !open);
    if (gone.length === 0) return;
    for (const { id } of gone) this.byId.delete(id);
    this.ordered = this.ordered.filter(({ id }) => this.byId.has(id));
  }

  private enter(grant: Omit<Grant, 'slots' | 'open' | 'probe'>): HeldInstance {
    const known = this.byId.get(grant.instanceId);
    if (known !== undefined) return known;
    const instance: HeldInstance = {
      id: grant.instanceId,
      host: grant.host,
      port: grant.port,
      startedAtMs: grant.startedAtMs,
      held: 0,
      inUse: 0,
      open: true,
      draining: false,
      expired: false,
      ejection: null,
      round: 0,
    };
    this.byId.set(instance.id, instance);
    this.ordered.push(instance);
    this.ordered.sort(order(this.policy));
    return instance;
  }
}

/** Idle slots of the instance that may be used. */
function usableOf({ open, ejection, held, inUse }: HeldInstance): number {
  if (!open) return 0;
  if (ejection === null) return Math.max(0, held - inUse);
  return ejection.probe === 'held' ? 1 : 0;
}
