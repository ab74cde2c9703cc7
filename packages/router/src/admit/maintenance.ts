import { isMap, own, WaiterError, type JsonMap } from '@waiter/core';

/**
 * A token in maintenance answers its own message to everybody, before authentication (spec: request-path 8.2).
 * @throws WaiterError 503
 */
export function refuseInMaintenance(names: readonly string[], metadata: JsonMap): void {
  const maintenance = own(metadata, 'maintenance');
  if (maintenance === undefined || maintenance === null) return;
  const message = isMap(maintenance) ? own(maintenance, 'message') : undefined;
  const name = names.join(',');
  throw new WaiterError(typeof message === 'string' ? message : `${name} is Down For Maintenance`, {
    status: 503,
    errorClass: 'waiter.Maintenance',
    errorCause: 'service-error',
    details: { name, token: name, 'token-owner': own(metadata, 'owner') ?? null },
  });
}
