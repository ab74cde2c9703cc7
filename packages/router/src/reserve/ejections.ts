import type { InstanceId } from '@waiter/core';
import {
  ejectionMs,
  type EjectionReport,
  type EjectionRules,
  type Ejections as EjectionNews,
} from '@waiter/store';
import type { HeldInstance, Holdings, LocalEjection } from './holdings';

/** Nobody uses the service: its instances need not be tried. */
const UNUSED_MS = 10_000;

/**
 * The instances of a service that failed, as one worker knows them (spec: request-path 3.8): out of rotation for a time,
 * then one request tries. All workers learn of it through Redis; without Redis each goes by what it saw itself.
 */
export class Ejections {
  private readonly known = new Map<InstanceId, LocalEjection>();
  private reported = new Map<InstanceId, EjectionReport[1]>();
  private sending: ReadonlyMap<InstanceId, EjectionReport[1]> = new Map();
  private version = 0;
  /** Unused probes that this worker holds. */
  private held = 0;

  constructor(
    private readonly holdings: Holdings,
    private readonly rules: EjectionRules,
  ) {}

  get any(): boolean {
    return this.known.size > 0;
  }

  get hasReports(): boolean {
    return this.reported.size > 0;
  }

  /** Of the instance that failed most often in a row. */
  get mostFailures(): number {
    let most = 0;
    for (const { failures } of this.known.values()) most = Math.max(most, failures);
    return most;
  }

  /** True when an instance is to be tried, and no slot for that is here. */
  wantsProbe(now: number, lastRequestMs: number): boolean {
    if (this.known.size === 0 || this.held > 0 || now - lastRequestMs > UNUSED_MS) return false;
    for (const { untilMs, probe } of this.known.values()) if (untilMs <= now && probe === 'none') return true;
    return false;
  }

  /**
   * An instance that the next request is to try; that request is the probe.
   * @param alone Redis is away: this worker decides by its own clock
   * @param exclude instances that this request tried already
   */
  takeProbe(now: number, alone: boolean, exclude?: ReadonlySet<InstanceId>): HeldInstance | null {
    if (this.held === 0 && !alone) return null;
    for (const instance of this.holdings.all) {
      const { ejection } = instance;
      if (ejection === null || !instance.open || exclude?.has(instance.id) === true) continue;
      const isHere = ejection.probe === 'held' && instance.held > instance.inUse;
      const isDue = alone && ejection.probe !== 'flying' && now >= ejection.untilMs;
      if (!isHere && !isDue) continue;
      this.setProbe(ejection, 'flying');
      return instance;
    }
    return null;
  }

  /** Redis granted the slot to try this instance. */
  probeGranted(instance: HeldInstance, now: number): void {
    const ejection = this.known.get(instance.id) ?? { failures: 1, untilMs: now, probe: 'none' };
    this.known.set(instance.id, ejection);
    this.attach(instance, ejection);
    this.setProbe(ejection, 'held');
  }

  /** A request failed. Of those that began before an ejection nothing is learnt. */
  failed(instance: HeldInstance, round: number, isProbe: boolean, now: number): void {
    const { ejection } = instance;
    if (!isProbe && (ejection !== null || round !== instance.round)) return;
    const failures = (ejection?.failures ?? 0) + 1;
    if (ejection !== null) this.setProbe(ejection, 'none');
    const renewed: LocalEjection = {
      failures,
      untilMs: now + ejectionMs(failures, this.rules),
      probe: 'none',
    };
    this.known.set(instance.id, renewed);
    this.attach(instance, renewed);
    this.reported.set(instance.id, 'failed');
  }

  /** The probe was served: the instance is in rotation again. */
  served(instance: HeldInstance): void {
    if (instance.ejection === null) return;
    this.release(instance);
    this.reported.set(instance.id, 'served');
  }

  /** The probe said nothing: the next request tries again. */
  inconclusive({ ejection }: HeldInstance): void {
    if (ejection?.probe === 'flying') this.setProbe(ejection, 'held');
  }

  /** What an exchange tells. Probes among the slots that it gives back were not used. */
  takeReports(giveBack: readonly (readonly [InstanceId, number])[]): EjectionReport[] {
    for (const [id] of giveBack) {
      const ejection = this.known.get(id);
      const instance = this.holdings.get(id);
      const isHere = instance !== undefined && instance.held > instance.inUse;
      if (ejection?.probe !== 'held' || isHere) continue;
      this.setProbe(ejection, 'none');
      this.reported.set(id, 'unused');
    }
    this.sending = this.reported;
    this.reported = new Map();
    return [...this.sending];
  }

  /** The exchange happened. @returns whether it told of a failure */
  confirmReports(): boolean {
    const failed = [...this.sending.values()].includes('failed');
    this.sending = new Map();
    return failed;
  }

  /** The exchange came to nothing: what it told is told again, unless there is news of the same instance. */
  keepReports(): void {
    this.reported = new Map([...this.sending, ...this.reported]);
    this.sending = new Map();
  }

  /** Only what is in flight counts as held from now on. */
  dropProbes(): void {
    for (const ejection of this.known.values())
      if (ejection.probe === 'held') this.setProbe(ejection, 'none');
  }

  /** What Redis says of all instances. A reply is the truth; a message may be older than what is known. */
  learn(news: EjectionNews, isReply: boolean, now: number): void {
    if (!isReply && news.version <= this.version) return;
    this.version = Math.max(this.version, news.version);
    const told = new Map(news.all.map((each) => [each.instanceId, each]));
    for (const id of [...this.known.keys()]) {
      // What failed here meanwhile Redis does not know yet.
      if (told.has(id) || this.reported.get(id) === 'failed' || this.sending.get(id) === 'failed') continue;
      const instance = this.holdings.get(id);
      if (instance !== undefined) this.release(instance);
      else this.forget(id);
    }
    for (const [id, { failures, remainingMs }] of told) {
      if (this.reported.has(id)) continue;
      const ejection = this.known.get(id) ?? { failures, untilMs: 0, probe: 'none' };
      ejection.failures = failures;
      ejection.untilMs = now + remainingMs;
      this.known.set(id, ejection);
      const instance = this.holdings.get(id);
      if (instance !== undefined) this.attach(instance, ejection);
    }
  }

  /** There are other instances now: some may be ejected already, and what is gone is forgotten. */
  published(): void {
    for (const [id, ejection] of [...this.known]) {
      const instance = this.holdings.get(id);
      if (instance === undefined) this.forget(id);
      else this.attach(instance, ejection);
    }
  }

  private attach(instance: HeldInstance, ejection: LocalEjection): void {
    if (instance.ejection === null) instance.round += 1;
    instance.ejection = ejection;
  }

  private release(instance: HeldInstance): void {
    this.forget(instance.id);
    instance.ejection = null;
  }

  private forget(id: InstanceId): void {
    const ejection = this.known.get(id);
    if (ejection !== undefined) this.setProbe(ejection, 'none');
    this.known.delete(id);
  }

  private setProbe(ejection: LocalEjection, probe: LocalEjection['probe']): void {
    this.held += Number(probe === 'held') - Number(ejection.probe === 'held');
    ejection.probe = probe;
  }
}
