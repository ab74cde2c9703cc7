import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { isMap, parseJson, renderError, WaiterError } from '@waiter/core';
import type { ConsentCookies, ErrorRequest, Json, ResolvedService, ServiceId } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { sendHealthRequest, type HealthReply, type HealthRequestOptions } from './health-request';
import { presenceOf } from './presence';
import { resolveRequest } from './resolve-request';

/** What came of a ping (spec: services-and-tokens 4.11). */
export type PingResult =
  'descriptor-error' | 'ping-internal-error' | 'received-response' | 'timed-out' | 'waiter-response';

export interface Ping {
  readonly result: PingResult;
  /** Of the health check, or of the error in its place; null when there was no answer. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
  readonly instance: Record<string, Json> | null;
  /** What was pinged; null when the request makes no service. */
  readonly service: { readonly id: ServiceId; readonly description: Record<string, Json> } | null;
  /** Debug headers of the health check. */
  readonly debug: Readonly<Record<string, string>>;
}

export interface PingRequest extends Omit<HealthRequestOptions, 'timeoutMs'> {
  readonly user: string;
  readonly consents: ConsentCookies;
  readonly timeoutMs: number | null;
  /** How errors are shown. */
  readonly errorRequest: ErrorRequest;
}

type Deps = Pick<ApiDeps, 'store' | 'config' | 'entitlement' | 'clock' | 'logger'>;
const NOTHING = { headers: {}, body: '', instance: null, debug: {} } as const;

/** Starts the service if needed and runs its health check through the proxy. Never rejects for what the service does. */
export async function ping(deps: Deps, request: PingRequest): Promise<Ping> {
  let service: ResolvedService;
  try {
    const headers: IncomingHttpHeaders = request.allowFallback
      ? request.headers
      : { ...request.headers, 'x-waiter-fallback-period-secs': '0' };
    service = (await resolveRequest(deps, request.consents, headers, request.user)).serving;
  } catch (error) {
    return refused(error, request);
  }
  const { timeoutMs } = request;
  const pinged = { id: service.serviceId, description: { ...service.core } };
  if (timeoutMs === null) {
    return { ...NOTHING, result: 'ping-internal-error', status: 400, service: pinged, body: NO_TIMEOUT };
  }
  let reply: HealthReply | null;
  try {
    reply = await sendHealthRequest(service, { ...request, timeoutMs });
  } catch (error) {
    deps.logger.warn('a ping could not be sent through this router', { service: pinged.id, error });
    return { ...NOTHING, result: 'ping-internal-error', status: 500, service: pinged, body: UNREACHABLE };
  }
  if (reply === null) return { ...NOTHING, result: 'timed-out', status: null, service: pinged };
  return received(deps, reply, pinged, service.compiled.healthCheckPortIndex);
}

const NO_TIMEOUT = 'x-waiter-timeout must be a positive integer';
const UNREACHABLE = 'The router could not be reached';

/** A request that makes no service, or whose service is not to be used. */
function refused(error: unknown, { errorRequest }: PingRequest): Ping {
  const { status, headers, body } = renderError(error, errorRequest);
  const maintenance = error instanceof WaiterError && error.errorClass === 'waiter.Maintenance';
  const result = maintenance ? 'waiter-response' : 'descriptor-error';
  return { ...NOTHING, result, status, headers, body, service: null };
}

async function received(
  { store }: Pick<Deps, 'store'>,
  { status, headers, body }: HealthReply,
  resolved: NonNullable<Ping['service']>,
  portIndex: number,
): Promise<Ping> {
  const debug: Record<string, string> = {};
  const shown: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    if (name.startsWith('x-waiter-') && typeof value === 'string') debug[name] = value;
    else shown[name] = value;
  }
  // With fallback, the router has the last word on which version serves.
  const id = debug['x-waiter-service-id'];
  const other = id === undefined || id === resolved.id ? null : await store.services.get(id);
  const instance = await pingedInstance(store, debug, portIndex);
  return {
    result: instance === null && isSynchronous(status, body) ? 'waiter-response' : 'received-response',
    status,
    headers: shown,
    body,
    instance,
    service: other === null ? resolved : { id: other.id, description: { ...other.description } },
    debug,
  };
}

/** Which instance answered, by the port that its requests go to: the health check may have had another. */
async function pingedInstance(
  store: Deps['store'],
  debug: Readonly<Record<string, string>>,
  portIndex: number,
): Promise<Record<string, Json> | null> {
  const {
    'x-waiter-backend-id': id,
    'x-waiter-backend-host': host = null,
    'x-waiter-service-id': service,
  } = debug;
  if (id === undefined) return null;
  const asked = Number(debug['x-waiter-backend-port']);
  const snapshot = portIndex === 0 || service === undefined ? null : await store.instances.get(service);
  return { host, id, port: snapshot?.instances.find((one) => one.id === id)?.port ?? asked };
}

/** Answers of the router that did not wait for anything. What waited and failed counts as received. */
function isSynchronous(status: number, body: string): boolean {
  if (status < 500) return true;
  const json = parseJson(body);
  const error = isMap(json) ? json['waiter-error'] : undefined;
  const details = isMap(error) ? error['details'] : undefined;
  const errorClass = isMap(details) ? details['error-class'] : undefined;
  return typeof errorClass === 'string' && SYNCHRONOUS.has(errorClass);
}

const SYNCHRONOUS: ReadonlySet<string> = new Set([
  'waiter.Maintenance',
  'waiter.QueueLength',
  'waiter.ServiceForbidden',
  'waiter.Suspended',
]);

const AGREE_MS = 5_000;
const POLL_MS = 100;

/** How the service is, as all routers see it. After an answer of its own it is waited for to be seen healthy. */
export async function stateAfter(
  { store, clock }: Pick<Deps, 'store' | 'clock'>,
  { result, service }: Pick<Ping, 'result' | 'service'>,
): Promise<Record<string, Json>> {
  if (service === null) {
    return { 'exists?': false, 'healthy?': false, 'service-id': null, status: 'Inactive' };
  }
  const { id } = service;
  const deadline = clock.monotonic() + AGREE_MS;
  let presence = await presenceOf(store, id);
  // A service that fails is not going to be healthy within seconds.
  while (
    result === 'received-response' &&
    !presence.healthy &&
    presence.status !== 'Failing' &&
    clock.monotonic() < deadline
  ) {
    await sleep(POLL_MS);
    presence = await presenceOf(store, id);
  }
  return {
    'exists?': presence.exists,
    'healthy?': presence.healthy,
    'service-id': id,
    status: presence.status,
  };
}
