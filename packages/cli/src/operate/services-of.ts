import { isMap, own, type Json, type ServiceId } from '@waiter/core';
import { UsageError } from '../usage-error';
import type { ControlApi } from './control-api';

/** A service that somebody meant by its id or by a token. */
export interface MeantService {
  readonly id: ServiceId;
  /** As `/apps` tells it. */
  readonly app: Readonly<Record<string, Json>>;
  /** Whether requests for the token go there now; null when it was named by its id. */
  readonly current: boolean | null;
}

/**
 * The service of this id, or the services that a token leads to: the current one first, then earlier ones that still run.
 * @throws UsageError when there is neither
 */
export async function servicesOf(api: ControlApi, name: string): Promise<readonly MeantService[]> {
  const app = await api.find(`/apps/${encodeURIComponent(name)}`);
  if (isMap(app)) return [{ id: name, app, current: null }];
  if ((await api.find(`/token?token=${encodeURIComponent(name)}`)) === null) {
    throw new UsageError(`there is no service and no token "${name}"`);
  }
  const listed = await api.get(`/apps?token=${encodeURIComponent(name)}`);
  const services = (Array.isArray(listed) ? listed : []).filter(isMap).flatMap((each) => {
    const id = own(each, 'service-id');
    const tokens = own(each, 'current-for-tokens');
    const current = Array.isArray(tokens) && tokens.includes(name);
    return typeof id === 'string' ? [{ id, app: each, current }] : [];
  });
  if (services.length > 0) return services.sort((a, b) => Number(b.current) - Number(a.current));
  return latest(api, name);
}

/** Of a token none of whose services runs: the one that its next request would start. */
async function latest(api: ControlApi, token: string): Promise<readonly MeantService[]> {
  const id = await api.get('/service-id', { 'x-waiter-token': token });
  if (typeof id !== 'string') throw new UsageError(`token "${token}" leads to no service`);
  const app = await api.find(`/apps/${encodeURIComponent(id)}`);
  return [{ id, app: isMap(app) ? app : {}, current: true }];
}
