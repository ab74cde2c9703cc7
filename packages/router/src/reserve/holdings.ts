import type { InstanceId, LoadBalancing } from '@waiter/core';
import type { Grant } from '@waiter/store';

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
}

/** Order in which a service's instances are used (spec: request-path 3.5). */
const ORDER: Readonly<Record<LoadBalancing, (a: HeldInstance, b: HeldInstance) => number>> = {
  oldest: (a, b) => a.startedAtMs - b.startedAtMs || (a.id < b.id ? -1 : 1),
  youngest: (a, b) => b.startedAtMs - a.startedAtMs || (a.id < b.id ? 1 : -1),
  random: () => 0,
};

/** The slots one worker holds for one service. Pure bookkeeping: no Redis, no clock. */
export class Holdings {
  private ordered: HeldInstance[] = [];
  private readonly byId = new Map<InstanceId, HeldInstance>();

  constructor(private readonly policy: LoadBalancing) {}

  get heldTotal(): number {
    let total = 0;
    for (const instance of this.ordered) total += instance.held;
    return total;
  }

  get inUseTotal(): number {
    let total = 0;
    for (const instance of this.ordered) total += instance.inUse;
    return total;
  }

  get all(): readonly HeldInstance[] {
    return this.ordered;
  }

  get(id: InstanceId): HeldInstance | undefined {
    return this.byId.get(id);
  }

  /**
   * The instance to use next, or null when no leased slot is free.
   * @param allowance slots that may be used on an instance; what is held, unless Redis is away
   */
  pick(
    exclude: ReadonlySet<InstanceId> | undefined,
    allowance: (instance: HeldInstance) => number = (instance) => instance.held,
  ): HeldInstance | null {
    let fallback: HeldInstance | null = null;
    const count = this.ordered.length;
    const start = this.policy === 'random' ? Math.floor(Math.random() * count) : 0;
    for (let i = 0; i < count; i += 1) {
      const instance = this.ordered[(start + i) % count];
      if (instance === undefined || !instance.open || instance.inUse >= allowance(instance)) continue;
      if (exclude === undefined || !exclude.has(instance.id)) return instance;
      fallback ??= instance;
    }
    return fallback;
  }

  /** Adds granted slots. */
  add(grants: readonly Grant[]): void {
    for (const grant of grants) {
      const instance = this.enter(grant);
      instance.held += grant.slots;
      instance.open = grant.open;
    }
  }

  /** Takes Redis's word for what is held; what is in flight stays. */
  replace(grants: readonly Grant[]): void {
    for (const instance of this.ordered) instance.held = 0;
    this.add(grants);
    this.prune();
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
  learn(grant: Omit<Grant, 'slots'>): void {
    this.enter({ ...grant, slots: 0 }).open = grant.open;
  }

  /**
   * Takes idle slots out of the holdings, to give them back: all on closed instances, and up to `surplus` others,
   * least preferred first.
   */
  takeIdle(surplus: number): (readonly [InstanceId, number])[] {
    const taken: (readonly [InstanceId, number])[] = [];
    let left = surplus;
    for (let i = this.ordered.length - 1; i >= 0; i -= 1) {
      const instance = this.ordered[i];
      if (instance === undefined) continue;
      const idle = instance.held - instance.inUse;
      const count = instance.open ? Math.min(idle, left) : idle;
      if (count <= 0) continue;
      if (instance.open) left -= count;
      instance.held -= count;
      taken.push([instance.id, count]);
    }
    if (taken.length > 0) this.prune();
    return taken;
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

  private enter(grant: Grant): HeldInstance {
    const known = this.byId.get(grant.instanceId);
    if (known !== undefined) return known;
    const instance: HeldInstance = {
      id: grant.instanceId,
      host: grant.host,
      port: grant.port,
      startedAtMs: grant.startedAtMs,
      held: 0,
      inUse: 0,
      open: grant.open,
      draining: false,
    };
    this.byId.set(instance.id, instance);
    this.ordered.push(instance);
    this.ordered.sort(ORDER[this.policy]);
    return instance;
  }
}
