import { WaiterError, type InstanceId, type ServiceId } from '@waiter/core';
import type { AsyncRequest, InstanceSnapshot } from '@waiter/store';
import type { ReleaseOutcome, ReservableService, Reservations, ReserveOptions, Slot } from './reservations';

/**
 * Slots for requests that go to another than the first port of an instance: health checks of a ping, which may have a
 * port of their own. Leases know the first port only; the others are looked up, which such requests can afford.
 */
export class OtherPorts implements Reservations {
  constructor(
    private readonly reservations: Reservations,
    private readonly read: (id: ServiceId) => Promise<InstanceSnapshot | null>,
  ) {}

  tryReserve(service: ReservableService, arrivedAtMs: number): Slot | null {
    return usesOther(service) ? null : this.reservations.tryReserve(service, arrivedAtMs);
  }

  async reserve(service: ReservableService, options: ReserveOptions): Promise<Slot> {
    const slot = await this.reservations.reserve(service, options);
    if (!usesOther(service)) return slot;
    try {
      return new SlotAt(slot, await this.portOf(service, slot.instanceId));
    } catch (error) {
      slot.release('generic-error');
      throw error;
    }
  }

  private async portOf({ serviceId, portIndex = 0 }: ReservableService, id: InstanceId): Promise<number> {
    const snapshot = await this.read(serviceId);
    const port = snapshot?.instances.find((instance) => instance.id === id)?.extraPorts[portIndex - 1];
    if (port !== undefined) return port;
    throw new WaiterError(`The instance has no port ${portIndex}`, {
      status: 502,
      errorCause: 'instance-error',
      details: { 'service-id': serviceId, 'instance-id': id, 'port-index': portIndex },
    });
  }

  hasOther(service: ReservableService, than: ReadonlySet<InstanceId>): boolean {
    return this.reservations.hasOther(service, than);
  }

  close(drainMs?: number): Promise<void> {
    return this.reservations.close(drainMs);
  }
}

const usesOther = ({ portIndex = 0 }: ReservableService): boolean => portIndex > 0;

/** The same slot, at another port. */
class SlotAt implements Slot {
  readonly instanceId: InstanceId;
  readonly host: string;
  readonly waitedMs: number;
  readonly startedAtMs: Slot['startedAtMs'];
  readonly isProbe: boolean;

  constructor(
    private readonly slot: Slot,
    readonly port: number,
  ) {
    this.instanceId = slot.instanceId;
    this.host = slot.host;
    this.waitedMs = slot.waitedMs;
    this.startedAtMs = slot.startedAtMs;
    this.isProbe = slot.isProbe;
  }

  get draining(): boolean {
    return this.slot.draining;
  }

  touch(atMs: number): void {
    this.slot.touch(atMs);
  }

  answered(busy: boolean): void {
    this.slot.answered(busy);
  }

  entrust(request: AsyncRequest): Promise<void> {
    return this.slot.entrust(request);
  }

  release(outcome: ReleaseOutcome): void {
    this.slot.release(outcome);
  }
}
