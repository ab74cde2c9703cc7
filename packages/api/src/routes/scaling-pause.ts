import type { Request } from 'express';
import { WaiterError } from '@waiter/core';
import type { Json, ServiceId } from '@waiter/core';
import type { ScalingPause } from '@waiter/store';
import type { ApiDeps } from '../deps';
import { valuesOf } from '../http/query';
import type { Route, UserHandler } from '../http/route';
import { managedService } from '../services/managed-service';
import { scalingPauseView } from '../services/service-view';

type Deps = Pick<ApiDeps, 'store' | 'queues' | 'entitlement' | 'clock'>;

/** The leader heeds a change within this time, or with its next evaluation. */
const LEADER_MS = 2_000;
const LONGEST_REASON = 500;

/**
 * `/scaling` and `/scaling/{pause,resume}` for administrators, `/apps/<service-id>/scaling/{pause,resume}` for whoever may
 * manage the service: while scaling is paused nothing is started, stopped or collected. Our own; the original had no such thing.
 */
export function scalingPauseRoutes(deps: Deps): Route[] {
  const { store, clock, queues } = deps;
  const change = async (id: ServiceId | null, pause: ScalingPause | null): Promise<object> => {
    const changed =
      pause === null
        ? await store.scalingPauses.resume(id)
        : await store.scalingPauses.pause(id, pause).then(() => true);
    const heeded = await queues.request('pauses', {}, LEADER_MS);
    return { 'in-force': heeded === true, paused: pause !== null, changed, success: true };
  };
  const pauseBy = (request: Request, user: string): ScalingPause => {
    const [reason = ''] = valuesOf(request, 'reason');
    if (reason.length > LONGEST_REASON) {
      throw new WaiterError(`reason must be at most ${LONGEST_REASON} characters long`, { status: 400 });
    }
    return { by: user, atMs: clock.now(), reason };
  };
  const everywhere =
    (paused: boolean): UserHandler =>
    async (request, { identity: { user } }) => {
      if (!deps.entitlement.isAdmin(user)) {
        throw new WaiterError('Must be an admin to use this endpoint.', { status: 403 });
      }
      return { json: await change(null, paused ? pauseBy(request, user) : null) };
    };
  const ofService =
    (paused: boolean): UserHandler =>
    async (request, { identity: { user } }) => {
      const { id } = await managedService(deps, request, user, (of) => `${user} not allowed to modify ${of}`);
      return { json: { 'service-id': id, ...(await change(id, paused ? pauseBy(request, user) : null)) } };
    };
  return [
    {
      path: '/scaling',
      auth: 'user',
      methods: {
        GET: async () => {
          const { everywhere: all, services } = await store.scalingPauses.all();
          const byService = [...services].sort(([a], [b]) => (a < b ? -1 : 1));
          const shown: Record<string, Json> = Object.fromEntries(
            byService.map(([id, pause]) => [id, scalingPauseView(pause)]),
          );
          return {
            json: {
              'paused?': all !== null,
              ...(all === null ? {} : { pause: scalingPauseView(all) }),
              'paused-services': shown,
            },
          };
        },
      },
    },
    { path: '/scaling/pause', auth: 'user', methods: { POST: everywhere(true) } },
    { path: '/scaling/resume', auth: 'user', methods: { POST: everywhere(false) } },
    { path: '/apps/:id/scaling/pause', auth: 'user', methods: { POST: ofService(true) } },
    { path: '/apps/:id/scaling/resume', auth: 'user', methods: { POST: ofService(false) } },
  ];
}
