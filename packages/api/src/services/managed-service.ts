import type { Request } from 'express';
import { WaiterError } from '@waiter/core';
import type { ServiceId } from '@waiter/core';
import type { ServiceRecord } from '@waiter/store';
import type { ApiDeps } from '../deps';

type Deps = Pick<ApiDeps, 'store' | 'entitlement'>;

/** A parameter of the path. */
export function pathParameter(request: Request, name: string): string {
  const value: unknown = request.params[name];
  return typeof value === 'string' ? value : '';
}

export function idOf(request: Request): ServiceId {
  return pathParameter(request, 'id');
}

export function notFound(id: ServiceId): WaiterError {
  return new WaiterError('Service not found', { status: 404, details: { 'service-id': id } });
}

export function canManage(
  { entitlement }: Pick<Deps, 'entitlement'>,
  user: string,
  record: ServiceRecord,
): boolean {
  return entitlement.canManageService(user, record.id, record.description['run-as-user']);
}

/**
 * The service that the path names, for somebody who may do with it as he likes.
 * @param refusal what others are told
 * @throws WaiterError 404, or 403 with `refusal`
 */
export async function managedService(
  deps: Deps,
  request: Request,
  user: string,
  refusal: (id: ServiceId) => string,
): Promise<ServiceRecord> {
  const id = idOf(request);
  const record = await deps.store.services.get(id);
  if (record === null) throw notFound(id);
  if (canManage(deps, user, record)) return record;
  throw new WaiterError(refusal(id), {
    status: 403,
    details: { 'current-user': user, 'service-id': id },
  });
}

/** Whose permissions count; only an administrator may look with another user's. @throws WaiterError 401 */
export function viewer(request: Request, user: string, { entitlement }: Pick<Deps, 'entitlement'>): string {
  const other = request.headers['x-view-as-user'];
  if (typeof other !== 'string' || other === '') return user;
  if (entitlement.isAdmin(user)) return other;
  throw new WaiterError('X-View-As-User request header unsupported for non-admin user', { status: 401 });
}
