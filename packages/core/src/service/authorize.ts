import type { Json, ServiceParameters } from '../words';
import type { Entitlement } from '../entitlement';
import { WaiterError } from '../errors';
import { isFilled, own } from '../json';
import { REQUIRED_KEYS } from '../parameters';
import { attachDefaults } from './effective';
import type { DescriptionHeaders } from './headers';
import type { DescriptionSettings } from './settings';
import type { TokenRecord } from './token-hash';

const isConcreteUser = (value: unknown): boolean => isFilled(value) && value !== '*';

/** What a token by itself grants to those who use it (spec: services-and-tokens 2.8). */
export function allowancesOf(
  tokens: readonly TokenRecord[],
  template: ServiceParameters,
  given: DescriptionHeaders,
  settings: DescriptionSettings,
): { preAuthorised: boolean; authenticationDisabled: boolean } {
  const alone = tokens.length === 1 && Object.keys(given.parameters).length === 0;
  if (!alone || !isConcreteUser(own(template, 'run-as-user'))) {
    return { preAuthorised: false, authenticationDisabled: false };
  }
  const authenticationDisabled =
    own(template, 'authentication') === 'disabled' &&
    own(template, 'permitted-user') === '*' &&
    REQUIRED_KEYS.every((key) => Object.hasOwn(template, key));
  return {
    preAuthorised: isFilled(own(attachDefaults(template, settings), 'permitted-user')),
    authenticationDisabled,
  };
}

/**
 * Whether the user may use the service (spec: services-and-tokens 2.8).
 * @throws WaiterError 403
 */
export function authorizeRequest(
  service: {
    readonly effective: ServiceParameters;
    readonly preAuthorised: boolean;
    readonly authenticationDisabled: boolean;
  },
  user: string | null,
  entitlement: Entitlement,
): void {
  const runAsUser = own(service.effective, 'run-as-user');
  const permitted = own(service.effective, 'permitted-user');
  if (!service.authenticationDisabled && !service.preAuthorised) {
    if (typeof runAsUser !== 'string' || !entitlement.canRunAs(user, runAsUser)) {
      throw cannotRun(user, permitted ?? null, runAsUser ?? null);
    }
  }
  if (permitted !== '*' && permitted !== ':any' && (user === null || permitted !== user)) {
    const message = "This user isn't allowed to invoke this service";
    throw forbidden(message, user, permitted ?? null, runAsUser ?? null);
  }
}

export function cannotRun(user: string | null, permitted: Json, runAsUser: Json): WaiterError {
  return forbidden('Authenticated user cannot run service', user, permitted, runAsUser);
}

function forbidden(message: string, user: string | null, permitted: Json, runAsUser: Json): WaiterError {
  return new WaiterError(message, {
    status: 403,
    errorClass: 'waiter.ServiceForbidden',
    details: { 'authenticated-user': user, 'permitted-user': permitted, 'run-as-user': runAsUser },
  });
}
