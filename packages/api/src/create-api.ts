import express from 'express';
import type { RequestHandler } from 'express';
import { AuthCookies, ConsentCookies, CorsPolicy, messageText, WaiterError } from '@waiter/core';
import type { ApiDeps } from './deps';
import { requirePeer } from './authenticate/require-peer';
import { answerPreflight, requireOrigin, requireUser } from './authenticate/require-user';
import { headerOf, setCommonHeaders, setContext, uniqueId } from './http/context';
import { renderErrors } from './http/render-errors';
import { dispatch } from './http/route';
import type { Route } from './http/route';
import { openApi } from './openapi/routes';
import { appRoutes } from './routes/app';
import { appsRoutes } from './routes/apps';
import { authenticationRoutes } from './routes/authentication';
import { awaitRoutes } from './routes/await';
import { consentRoutes } from './routes/consent';
import { decisionsRoutes } from './routes/decisions';
import { drainRoutes } from './routes/drain';
import { externalMetricsRoutes } from './routes/external-metrics';
import { faviconRoutes } from './routes/favicon';
import { imagesRoutes } from './routes/images';
import { instanceSignalRoutes } from './routes/instance-signals';
import { instancesRoutes } from './routes/instances';
import { interstitialRoutes } from './routes/interstitial';
import { logsRoutes } from './routes/logs';
import { metricsRoutes } from './routes/metrics';
import { overrideRoutes } from './routes/override';
import { pingRoutes } from './routes/ping';
import { profilesRoutes } from './routes/profiles';
import { replacedRoutes } from './routes/replaced';
import { scalingPauseRoutes } from './routes/scaling-pause';
import { serviceIdRoutes } from './routes/service-id';
import { settingsRoutes } from './routes/settings';
import { simRoutes } from './routes/sim';
import { stateRoutes } from './routes/state';
import { statusRoutes } from './routes/status';
import { suspendRoutes } from './routes/suspend';
import { tokenRoutes } from './routes/tokens';
import { welcomeRoutes } from './routes/welcome';
import { DrainMode } from './services/drain-mode';
import { ServiceNotices } from './services/instance-watch';

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

  const { passwords, cluster, router } = deps.config;
  const cors = new CorsPolicy(router.cors);
  app.use(answerPreflight(cors));

  const cookies = new AuthCookies(passwords, cluster.name, deps.clock);
  const consents = new ConsentCookies(passwords, cluster.name, deps.clock, router.consentExpiryMs);
  const authenticated = requireUser(deps.authenticator, cookies);
  const user = [authenticated, requireOrigin(cors)];
  const peer = requirePeer(deps.routerId, passwords);
  const before: Readonly<Record<Route['auth'], readonly RequestHandler[]>> = {
    none: [],
    user,
    peer: [peer],
    'peer or user': [requirePeer(deps.routerId, passwords, user)],
  };
  for (const route of routesOf(deps, cookies, consents, cors)) {
    const guards = route.ownOrigin === true ? [authenticated] : before[route.auth];
    app.all(route.path, ...guards, dispatch(route));
  }
  // Routers of the original tell each other of changes by it (spec: services-and-tokens 4.4).
  app.all('/tokens/refresh', peer);
  app.all(/^\/token(s(?!\/refresh$)|-history)?(\/|$)/, ...user);
  app.use(openApi(deps.version, app));
  app.use(tokenRoutes(deps));
  app.use(() => {
    throw new WaiterError(messageText('not-found', deps.config.descriptions.messages), { status: 404 });
  });
  app.use(renderErrors(deps.logger, deps.config));
  return app;
}

function routesOf(
  deps: ApiDeps,
  cookies: AuthCookies,
  consents: ConsentCookies,
  cors: CorsPolicy,
): readonly Route[] {
  const drain = new DrainMode(deps.clock, deps.quit ?? (() => process.kill(process.pid, 'SIGTERM')));
  const notices = new ServiceNotices(deps.store);
  return [
    ...welcomeRoutes(deps),
    ...statusRoutes(deps, drain),
    ...faviconRoutes(),
    ...imagesRoutes(),
    ...appsRoutes(deps),
    // Before `/apps/<service-id>`.
    ...instancesRoutes(deps, notices),
    ...appRoutes(deps),
    ...suspendRoutes(deps),
    ...overrideRoutes(deps),
    ...logsRoutes(deps),
    ...awaitRoutes(deps),
    ...instanceSignalRoutes(deps),
    ...decisionsRoutes(deps),
    ...scalingPauseRoutes(deps),
    ...serviceIdRoutes(deps, consents),
    ...pingRoutes(deps, consents),
    ...profilesRoutes(deps),
    ...settingsRoutes(deps),
    ...drainRoutes(deps, drain),
    ...stateRoutes(deps, notices),
    ...metricsRoutes(deps),
    ...externalMetricsRoutes(deps),
    ...authenticationRoutes(deps, cookies, cors),
    ...consentRoutes(deps, consents),
    ...interstitialRoutes(),
    ...simRoutes(),
    ...replacedRoutes(deps),
  ];
}
