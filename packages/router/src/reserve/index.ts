export type { ReleaseOutcome, ReservableService, Reservations, ReserveOptions, Slot } from './reservations';
export { SlotReservations, type SlotReservationsOptions } from './slot-reservations';
export { OtherPorts } from './other-ports';
