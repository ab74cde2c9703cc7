import type { Request } from 'express';
import type { ConsentCookies, Json } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { errorRequest } from '../http/render-errors';
import { includes, valuesOf } from '../http/query';
import type { Reply, Route, UserHandler } from '../http/route';
import { PING_AGENT } from '../services/health-request';
import { ping, stateAfter, type Ping } from '../services/ping';

type Deps = Pick<ApiDeps, 'store' | 'config' | 'entitlement' | 'clock' | 'logger' | 'port' | 'version'>;

const DEFAULT_TIMEOUT_MS = 300_000;
const LONGEST_TIMEOUT_MS = 24 * 3_600_000;

/** `/waiter-ping` (spec: services-and-tokens 4.11, request-path 8.5). */
export function pingRoutes(deps: Deps, consents: ConsentCookies): Route[] {
  const any: UserHandler = async (request, { identity, cid }) => {
    if (request.headers['user-agent']?.startsWith(PING_AGENT) === true) return loop();
    const outcome = await ping(deps, {
      host: loopback(deps.config.router.host),
      port: deps.port,
      headers: request.headers,
      version: deps.version,
      cid,
      user: identity.user,
      consents,
      timeoutMs: timeoutOf(request),
      allowFallback: includes(request, 'fallback'),
      errorRequest: errorRequest(request, deps.config),
    });
    const excluded = valuesOf(request, 'exclude').includes('service-state');
    const state = excluded
      ? { result: 'excluded', 'service-id': outcome.service?.id ?? null }
      : await stateAfter(deps, outcome);
    const debug = request.headers['x-waiter-debug'] === undefined ? {} : outcome.debug;
    const redirect = redirectOf(outcome, request);
    return {
      ...redirect,
      headers: { ...debug, ...redirect.headers },
      json: {
        'ping-response': response(outcome),
        'service-description': outcome.service?.description ?? null,
        'service-state': state,
      },
    };
  };
  return [{ path: '/waiter-ping', auth: 'user', methods: { any } }];
}

function response({ body, headers, status, result, instance }: Ping): Record<string, Json> {
  return { body, headers: { ...headers }, status, result, ...(instance === null ? {} : { instance }) };
}

/** A token that demands https sends the caller there as well; no other redirect does (the original: any). */
function redirectOf({ result, status, headers }: Ping, request: Request): Pick<Reply, 'status' | 'headers'> {
  const { location } = headers;
  const isHttps = typeof location === 'string' && location.startsWith('https://');
  if (result !== 'waiter-response' || (status !== 301 && status !== 307) || !isHttps) return {};
  const { host } = new URL(location);
  return {
    status: request.method === 'GET' ? 301 : 307,
    headers: { location: `https://${host}/waiter-ping` },
  };
}

/** Null when it is no number of milliseconds. */
function timeoutOf(request: Request): number | null {
  const text = request.headers['x-waiter-timeout'];
  if (text === undefined) return DEFAULT_TIMEOUT_MS;
  if (typeof text !== 'string' || !/^[1-9]\d{0,14}$/.test(text.trim())) return null;
  return Math.min(Number(text), LONGEST_TIMEOUT_MS);
}

/** A health-check-url of `/waiter-ping` would ping itself without end. */
function loop(): Reply {
  return { status: 508, json: { message: 'The health check of the service leads back to /waiter-ping' } };
}

function loopback(host: string): string {
  return host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
}
