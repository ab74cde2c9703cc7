import type { Route } from '../http/route';
import { schemeOf } from '../http/context';
import { interstitialPage } from '../pages/interstitial-page';
import { withBypass } from '../services/bypass';

const PREFIX = '/waiter-interstitial';

/** `/waiter-interstitial/<path>`: what browsers see while a service starts (spec: request-path 8.1). */
export function interstitialRoutes(): Route[] {
  return [
    {
      path: `${PREFIX}/{*path}`,
      auth: 'user',
      methods: {
        GET: (request, { timeMs }) => {
          const target = withBypass(request.originalUrl.slice(PREFIX.length), timeMs);
          const scheme = schemeOf(request) === 'https' ? 'https' : 'http';
          return interstitialPage(target, `${scheme}://${request.headers.host ?? ''}`);
        },
      },
    },
  ];
}
