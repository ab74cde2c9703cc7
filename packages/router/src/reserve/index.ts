export type { ReleaseOutcome, ReservableService, Reservations, ReserveOptions, Slot } from './reservations';
export { DEFAULT_RULES, type ReservationRules } from './rules';
export { SlotReservations, type SlotReservationsOptions } from './slot-reservations';
export { OtherPorts } from './other-ports';
