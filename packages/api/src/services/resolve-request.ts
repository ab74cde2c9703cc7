import type { IncomingHttpHeaders } from 'node:http';
import {
  authorizeRequest,
  discoverTokens,
  isMap,
  own,
  resolveService,
  serviceEntryId,
  tokenMetadataInUse,
  tokenTemplate,
  WaiterError,
} from '@waiter/core';
import type { HeaderMap, ResolvedService, TokenRecord } from '@waiter/core';
import type { ApiDeps } from '../deps';

type Deps = Pick<ApiDeps, 'store' | 'config' | 'entitlement'>;

/**
 * The service that a request with these headers would go to, for endpoints that answer about it (spec:
 * services-and-tokens 4.10). Fallback to an earlier version is not considered.
 * @throws WaiterError as a proxied request would get: 503 in maintenance, 404, 400, 403
 */
export async function resolveRequest(
  deps: Deps,
  rawHeaders: IncomingHttpHeaders,
  user: string,
): Promise<ResolvedService> {
  const { descriptions } = deps.config;
  const headers = headerMap(rawHeaders);
  const { source, names } = discoverTokens(headers, descriptions.hostnames);
  const tokens = await loadTokens(deps, names);
  refuseMaintenance(
    tokens.filter((token) => token !== null),
    deps,
  );
  const resolved = resolveService({ headers, source, names, tokens, user }, descriptions);
  authorizeRequest(resolved, user, deps.entitlement);
  return resolved;
}

/** Names like `^SERVICE-ID#<id>` stand for a stored service. */
async function loadTokens(
  { store }: Pick<Deps, 'store'>,
  names: readonly string[],
): Promise<readonly (TokenRecord | null)[]> {
  const tokens = await store.tokens.getMany(names);
  return Promise.all(
    names.map(async (name, index) => {
      const id = serviceEntryId(name);
      if (id === null) return tokens[index] ?? null;
      const record = await store.services.get(id);
      return record === null ? null : { name, data: record.description, hash: null };
    }),
  );
}

/** Spec: services-and-tokens 0.4. */
function refuseMaintenance(tokens: readonly TokenRecord[], { config }: Pick<Deps, 'config'>): void {
  const template = tokenTemplate(tokens);
  const metadata = tokenMetadataInUse(tokens, template, config.descriptions);
  const maintenance = own(metadata, 'maintenance');
  if (!isMap(maintenance)) return;
  const message = own(maintenance, 'message');
  throw new WaiterError(typeof message === 'string' ? message : 'Service is in maintenance', {
    status: 503,
    errorClass: 'waiter.Maintenance',
    errorCause: 'service-error',
    details: {
      name: own(template, 'name') ?? null,
      token: tokens.map(({ name }) => name).join(','),
      'token-owner': own(metadata, 'owner') ?? null,
    },
  });
}

function headerMap(headers: IncomingHttpHeaders): HeaderMap {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(',') : value]],
    ),
  );
}
