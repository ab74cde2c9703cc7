import { WaiterError } from '@waiter/core';
import type { ApiDeps } from '../deps';
import type { Route } from '../http/route';

/**
 * What routers of the original told each other (spec: services-and-tokens 4.16, 4.19). Nobody else ever called these:
 * they answer 410 and name what took their place. `/ejected/<id>` was readable by everybody and stays so; it is the same on every
 * router.
 */
const REPLACED: readonly (readonly [path: string, by: string])[] = [
  ['/eject', 'Workers avoid instances that fail by themselves; nothing tells them from outside.'],
  ['/reference/notify', 'Changes of tokens and services reach every router through Redis.'],
  ['/waiter-kill-instance/:id', 'Use POST /apps/<service-id>/instance/<instance-id>/kill.'],
  [
    '/work-stealing',
    'Routers lease slots of instances from a pool in Redis; idle ones are recalled from it.',
  ],
];

export function replacedRoutes({ store }: Pick<ApiDeps, 'store'>): Route[] {
  const gone = (path: string, by: string): Route => ({
    path,
    auth: 'none',
    methods: {
      any: () => {
        throw new WaiterError(`${path.replace('/:id', '')} is no longer served. ${by}`, { status: 410 });
      },
    },
  });
  return [
    ...REPLACED.map(([path, by]) => gone(path, by)),
    {
      path: '/ejected/:id',
      auth: 'none',
      methods: {
        GET: async ({ params }) => ({
          json: { 'ejected-instances': [...(await store.ejections.of(String(params['id']))).keys()] },
        }),
      },
    },
  ];
}
