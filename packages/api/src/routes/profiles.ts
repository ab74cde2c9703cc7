import type { ApiDeps } from '../deps';
import type { Route } from '../http/route';

/** `/profiles` (spec: services-and-tokens 4.12). */
export function profilesRoutes({ config }: Pick<ApiDeps, 'config'>): Route[] {
  const any = () => ({
    json: Object.entries(config.descriptions.profiles).map(([name, { defaults }]) => ({ name, defaults })),
  });
  return [{ path: '/profiles', auth: 'user', methods: { any } }];
}
