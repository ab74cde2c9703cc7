import { WaiterError } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { integerOf, isFlagSet } from '../http/query';
import type { Route } from '../http/route';
import type { DrainMode } from '../services/drain-mode';

const DEFAULT_SECONDS = 120;
const MOST_SECONDS = 86_400;

/** `/drain` (spec: services-and-tokens 4.14). */
export function drainRoutes({ entitlement }: Pick<ApiDeps, 'entitlement'>, drain: DrainMode): Route[] {
  return [
    {
      path: '/drain',
      auth: 'user',
      methods: {
        GET: () => ({ json: { 'drain-mode?': drain.active, result: drain.view() } }),
        POST: (request, { identity: { user } }) => {
          if (!entitlement.isAdmin(user)) {
            throw new WaiterError('Must be an admin to use this endpoint.', { status: 403 });
          }
          const seconds = integerOf(request, 'drain-timeout-secs');
          if (seconds === null || (seconds ?? 0) < 0 || (seconds ?? 0) > MOST_SECONDS) {
            const message = `drain-timeout-secs must be an integer between 0 and ${MOST_SECONDS}`;
            throw new WaiterError(message, { status: 400 });
          }
          drain.order((seconds ?? DEFAULT_SECONDS) * 1000, isFlagSet(request, 'crash'));
          return { json: { result: drain.view() } };
        },
      },
    },
  ];
}
