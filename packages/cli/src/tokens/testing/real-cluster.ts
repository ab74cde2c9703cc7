import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  builtInSettings,
  DEFAULT_SUPPORT_INFO,
  Entitlement,
  ManualClock,
  renderError,
  SimpleEntitlementManager,
} from '@waiter/core';
import { Connection, TokenStore } from '@waiter/store';
import { tokenRouter } from '@waiter/token-registry';

/** For tests: the token routes of one cluster over a real Redis, with a clock of its own. Everybody is `operator`. */
export interface RealCluster {
  readonly name: string;
  readonly url: string;
  readonly clock: ManualClock;
  readonly tokens: TokenStore;
  /** Paths with method of all requests so far. */
  readonly seen: string[];
  /** Answers this many of the coming requests with 503. */
  refuse(times: number): void;
  close(): Promise<void>;
}

export async function startCluster(name: string, redisUrl: string): Promise<RealCluster> {
  const connection = new Connection({ url: redisUrl, cluster: name });
  await connection.whenReady();
  const tokens = new TokenStore(connection);
  const clock = new ManualClock();
  const settings = builtInSettings(name);
  const router = tokenRouter({
    tokens,
    settings,
    clock,
    entitlement: new Entitlement(new SimpleEntitlementManager('operator')),
    authenticate: () => 'operator',
  });
  const seen: string[] = [];
  let refusals = 0;
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    if (refusals > 0) {
      refusals -= 1;
      response.writeHead(503).end();
      return;
    }
    if (request.url === '/settings') {
      const shown = { 'service-description-constraints': settings.constraints, 'profile-config': {} };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(shown));
      return;
    }
    // The routes use what node gives; express adds nothing that they need.
    router(
      request as Parameters<typeof router>[0],
      response as Parameters<typeof router>[1],
      (error: unknown) => {
        const { status, headers, body } = renderError(error, {
          accept: 'application/json',
          contentType: undefined,
          cid: 'test',
          host: null,
          method: request.method ?? '',
          uri: request.url ?? '',
          queryString: null,
          timeMs: clock.now(),
          principal: null,
          serviceId: null,
          instanceId: null,
          token: null,
          serviceOwner: null,
          supportInfo: DEFAULT_SUPPORT_INFO,
        });
        response.writeHead(status, { ...headers }).end(body);
      },
    );
  });
  await listen(server);
  return {
    name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    clock,
    tokens,
    seen,
    refuse: (times) => (refusals = times),
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await connection.close();
    },
  };
}

export const listen = (server: Server): Promise<void> =>
  new Promise((done) => server.listen(0, '127.0.0.1', done));
