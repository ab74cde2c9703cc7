import {
  builtInSettings,
  DEFAULT_SUPPORT_INFO,
  type DescriptionSettings,
  Entitlement,
  type EntitlementManager,
  hostWithoutPort,
  ManualClock,
  renderError,
  SimpleEntitlementManager,
  type TokenRecord,
} from '@waiter/core';
import { Connection, TokenStore } from '@waiter/store';
import express, { type Express, type Request } from 'express';
import { tokenRouter } from '../router';
import { tokenWatchState } from '../watch-state';

export interface Registry {
  readonly app: Express;
  readonly tokens: TokenStore;
  readonly connection: Connection;
  readonly clock: ManualClock;
  readonly settings: DescriptionSettings;
  close(): Promise<void>;
}

export interface RegistryOptions {
  readonly url: string;
  readonly settings?: Partial<DescriptionSettings>;
  readonly manager?: EntitlementManager;
  readonly clusterOf?: (host: string) => string;
  readonly loadServiceEntry?: (name: string) => Promise<TokenRecord | null>;
  readonly streamingTimeoutMs?: number;
  readonly watchHeartbeatMs?: number;
  readonly isDraining?: () => boolean;
}

/**
 * For tests: the token routes over a real Redis, with errors rendered as @waiter/api renders them. The caller is named
 * by the header `x-user` (default `alice`); the admin user is `operator`.
 */
export async function startRegistry(options: RegistryOptions): Promise<Registry> {
  const { url, manager = new SimpleEntitlementManager('operator'), settings: given, ...rest } = options;
  const connection = new Connection({ url, cluster: 'test' });
  await connection.whenReady();
  const tokens = new TokenStore(connection);
  const clock = new ManualClock();
  const settings = { ...builtInSettings('test'), ...given };
  const app = express();
  app.use(
    tokenRouter({
      tokens,
      settings,
      clock,
      entitlement: new Entitlement(manager),
      authenticate: (request) => request.get('x-user') ?? 'alice',
      ...rest,
    }),
  );
  app.get('/state/token-watch-maintainer', async (request, response) => {
    response.json({ state: await tokenWatchState(tokens, request) });
  });
  app.use((error: unknown, request: Request, response: express.Response, _next: express.NextFunction) => {
    const rendered = renderError(error, {
      accept: request.get('accept'),
      contentType: request.get('content-type'),
      cid: 'test',
      host: hostWithoutPort(request.get('host') ?? ''),
      method: request.method,
      uri: request.path,
      queryString: null,
      timeMs: clock.now(),
      principal: null,
      serviceId: null,
      instanceId: null,
      token: null,
      serviceOwner: null,
      supportInfo: DEFAULT_SUPPORT_INFO,
    });
    response.writeHead(rendered.status, { ...rendered.headers }).end(rendered.body);
  });
  return { app, tokens, connection, clock, settings, close: () => connection.close() };
}
