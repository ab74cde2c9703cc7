import express from 'express';
import { messageText, WaiterError } from '@waiter/core';
import type { ApiDeps } from './deps';
import { requireUser } from './authenticate/require-user';
import { headerOf, setCommonHeaders, setContext, uniqueId } from './http/context';
import { renderErrors } from './http/render-errors';
import { dispatch } from './http/route';
import type { Route } from './http/route';
import { appRoutes } from './routes/app';
import { appsRoutes } from './routes/apps';
import { decisionsRoutes } from './routes/decisions';
import { faviconRoutes } from './routes/favicon';
import { metricsRoutes } from './routes/metrics';
import { serviceIdRoutes } from './routes/service-id';
import { settingsRoutes } from './routes/settings';
import { stateRoutes } from './routes/state';
import { statusRoutes } from './routes/status';
import { tokenRoutes } from './routes/tokens';
import { welcomeRoutes } from './routes/welcome';

/**
 * The control API (spec: services-and-tokens 0 and 4). The caller decides which requests are for it (`isApiRequest`
 * of core) and adds `via`.
 */
export function createApi(deps: ApiDeps): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('strict routing');
  app.enable('case sensitive routing');

  app.use((request, response, next) => {
    const cid = headerOf(request, 'x-cid') ?? uniqueId();
    setContext(request, { cid, timeMs: deps.clock.now(), identity: null });
    setCommonHeaders(response, cid, deps.version);
    next();
  });

  const authenticated = requireUser(deps.authenticator);
  for (const route of routesOf(deps)) {
    app.all(route.path, ...(route.auth === 'user' ? [authenticated] : []), dispatch(route));
  }
  app.all(/^\/token(s|-history)?(\/|$)/, authenticated);
  app.use(tokenRoutes(deps));
  app.use(() => {
    throw new WaiterError(messageText('not-found', deps.config.descriptions.messages), { status: 404 });
  });
  app.use(renderErrors(deps.logger));
  return app;
}

function routesOf(deps: ApiDeps): readonly Route[] {
  return [
    ...welcomeRoutes(deps),
    ...statusRoutes(deps),
    ...faviconRoutes(),
    ...appsRoutes(deps),
    ...appRoutes(deps),
    ...decisionsRoutes(deps),
    ...serviceIdRoutes(deps),
    ...settingsRoutes(deps),
    ...stateRoutes(deps),
    ...metricsRoutes(deps),
  ];
}
