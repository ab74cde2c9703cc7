import { DEFAULT_EJECTION, type EjectionRules } from '@waiter/store';
import { DEFAULT_THROTTLE, type ThrottleRules } from './error-throttle';

/** How reservation behaves, whatever the service. */
export interface ReservationRules {
  readonly ejection: EjectionRules;
  /** An instance that failed so often in a row is to be replaced: the scaler is told at once. */
  readonly expiryFailures: number;
  readonly throttle: ThrottleRules;
  /** A slot that was not used for so long goes back. */
  readonly idleLeaseMs: number;
}

export const DEFAULT_RULES: ReservationRules = {
  ejection: DEFAULT_EJECTION,
  expiryFailures: 5,
  throttle: DEFAULT_THROTTLE,
  idleLeaseMs: 2_000,
};
