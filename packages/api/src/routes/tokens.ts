import type { Router } from 'express';
import { own, serviceEntryId } from '@waiter/core';
import { tokenRouter } from '@waiter/token-registry';
import type { ApiDeps } from '../deps';
import { contextOf } from '../http/context';

/** `/token`, `/tokens`, ...: the token registry's own routes (spec: services-and-tokens 4.1 to 4.5), behind our authentication. */
export function tokenRoutes({ store, config, clock, entitlement, isDraining }: ApiDeps): Router {
  return tokenRouter({
    tokens: store.tokens,
    settings: config.descriptions,
    clock,
    entitlement,
    streamingTimeoutMs: config.router.streamingTimeoutMs,
    isDraining,
    clusterOf: (host) => own(config.cluster.byHost, host.toLowerCase()) ?? config.cluster.name,
    authenticate: (request) => {
      const { identity } = contextOf(request);
      if (identity === null) throw new Error('a token route was reached without authentication');
      return identity.user;
    },
    loadServiceEntry: async (name) => {
      const id = serviceEntryId(name);
      const record = id === null ? null : await store.services.get(id);
      return record === null ? null : { name, data: record.description, hash: null };
    },
  });
}
