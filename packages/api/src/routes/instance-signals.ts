import type { Request } from 'express';
import { isMap, WaiterError } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { isFlagSet, valuesOf } from '../http/query';
import type { Reply, Route, UserHandler } from '../http/route';
import { managedService, pathParameter } from '../services/managed-service';

type Deps = Pick<ApiDeps, 'store' | 'queues' | 'entitlement'>;

/** A soft kill waits so long for requests in flight unless told otherwise. */
const DEFAULT_MS = 10_000;
const LONGEST_MS = 10 * 60_000;
/** Beside the wait: for the scheduler to do it. */
const ANSWER_MS = 20_000;

/** `/apps/<service-id>/instance/<instance-id>/(kill|expire)` (spec: services-and-tokens 4.8.7, scaling 1.15). */
export function instanceSignalRoutes(deps: Deps): Route[] {
  const signal =
    (action: 'kill' | 'expire'): UserHandler =>
    async (request, { identity: { user } }) => {
      if (request.method !== 'POST') {
        return { status: 405, headers: { allow: 'POST' }, json: { message: 'Method not allowed' } };
      }
      const { id } = await managedService(
        deps,
        request,
        user,
        () => `User not allowed to ${action} instance`,
      );
      const timeoutMs = timeoutOf(request);
      if (typeof timeoutMs === 'string') {
        return { status: 400, json: { message: `Invalid timeout specified: ${timeoutMs}` } };
      }
      const kill = isFlagSet(request, 'force') ? 'force-kill' : 'soft-kill';
      const job = {
        serviceId: id,
        instanceId: pathParameter(request, 'instance'),
        signal: action === 'kill' ? kill : 'expire',
        timeoutMs,
        user,
      };
      const waitMs = ANSWER_MS + (job.signal === 'soft-kill' ? timeoutMs : 0);
      return reply(await deps.queues.request('signal', job, waitMs), job.instanceId);
    };
  return (['kill', 'expire'] as const).map((action) => ({
    path: `/apps/:id/instance/:instance/${action}`,
    auth: 'user',
    methods: { any: signal(action) },
  }));
}

/** Milliseconds, or the text that says none. */
function timeoutOf(request: Request): number | string {
  const [text, ...more] = valuesOf(request, 'timeout');
  if (text === undefined) return DEFAULT_MS;
  return more.length === 0 && /^[1-9]\d{0,14}$/.test(text) ? Math.min(Number(text), LONGEST_MS) : text;
}

/** @throws WaiterError 503 when no scaler answered */
function reply(result: unknown, instanceId: string): Reply {
  if (!isMap(result)) {
    throw new WaiterError('The scheduler did not answer in time', {
      status: 503,
      details: { 'instance-id': instanceId },
    });
  }
  const { status, ...rest } = result;
  return { status: typeof status === 'number' ? status : 500, json: { 'signal-response': rest } };
}
