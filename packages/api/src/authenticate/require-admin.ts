import type { RequestHandler } from 'express';
import { WaiterError, type Entitlement } from '@waiter/core';
import { contextOf } from '../http/context';

/** Lets only administrators pass. */
export function requireAdmin(entitlement: Entitlement): RequestHandler {
  return (request, _response, next) => {
    const { identity } = contextOf(request);
    if (identity === null || !entitlement.isAdmin(identity.user)) {
      throw new WaiterError('Must be an admin to use this endpoint.', { status: 403 });
    }
    next();
  };
}
