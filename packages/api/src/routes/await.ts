import { setTimeout as sleep } from 'node:timers/promises';
import { WaiterError } from '@waiter/core';
import type { ServiceId } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { integerOf, valuesOf } from '../http/query';
import type { Route } from '../http/route';
import { idOf, pathParameter } from '../services/managed-service';
import { presenceOf, type Presence } from '../services/presence';

type Deps = Pick<ApiDeps, 'store' | 'clock'>;

const GOALS: Readonly<Record<string, (presence: Presence) => boolean>> = {
  deleted: ({ exists }) => !exists,
  exist: ({ exists }) => exists,
  healthy: ({ healthy }) => healthy,
};
const DEFAULT_SLEEP_MS = 100;
const LONGEST_MS = 10 * 60_000;

/**
 * `/apps/<service-id>/await/<goal>`: answers when the goal is reached or the time is over (spec: 4.8.6). It tells nothing
 * that `/apps/<service-id>` does not, so that users, whose scripts wait as well, may call it too.
 */
export function awaitRoutes({ store, clock }: Deps): Route[] {
  return [
    {
      path: '/apps/:id/await/:goal',
      auth: 'peer or user',
      methods: {
        GET: async (request) => {
          const goal = pathParameter(request, 'goal');
          const reached = Object.hasOwn(GOALS, goal) ? GOALS[goal] : undefined;
          if (reached === undefined) {
            throw new WaiterError(`goal must be one of: ${Object.keys(GOALS).join(', ')}`, { status: 400 });
          }
          if (valuesOf(request, 'timeout').length === 0) {
            throw new WaiterError('timeout is a required query parameter', { status: 400 });
          }
          const timeoutMs = integerOf(request, 'timeout');
          const pauseMs = integerOf(request, 'sleep-duration') ?? DEFAULT_SLEEP_MS;
          if (typeof timeoutMs !== 'number' || integerOf(request, 'sleep-duration') === null) {
            throw new WaiterError('timeout and sleep-duration must be integers', { status: 400 });
          }
          const id: ServiceId = idOf(request);
          const deadline = clock.monotonic() + Math.min(timeoutMs, LONGEST_MS);
          let presence = await presenceOf(store, id);
          while (!reached(presence) && clock.monotonic() < deadline && !request.socket.destroyed) {
            await sleep(Math.max(10, pauseMs));
            presence = await presenceOf(store, id);
          }
          return {
            json: {
              'goal-state': goal,
              'goal-success?': reached(presence),
              'service-exists?': presence.exists,
              'service-healthy?': presence.healthy,
              'service-id': id,
            },
          };
        },
      },
    },
  ];
}
