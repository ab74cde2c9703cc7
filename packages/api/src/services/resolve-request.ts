import type { IncomingHttpHeaders } from 'node:http';
import {
  approves,
  asksConsent,
  authorizeRequest,
  discoverTokens,
  earlierServices,
  fallbackUntilMs,
  isMap,
  own,
  refuseUnsupportedHeaders,
  resolveService,
  serviceEntryId,
  serviceEntryToken,
  serviceInUse,
  tokenMetadataInUse,
  tokenTemplate,
  WaiterError,
} from '@waiter/core';
import type { ConsentCookies, HeaderMap, ResolvedService, ResolveInput, TokenRecord } from '@waiter/core';
import type { ApiDeps } from '../deps';

type Deps = Pick<ApiDeps, 'store' | 'config' | 'entitlement' | 'clock'>;

/** What a request leads to. */
export interface RequestedService {
  /** By the tokens as they are now. */
  readonly latest: ResolvedService;
  /** What would serve: the latest, or an earlier version while the latest is not healthy (spec: 2.11). */
  readonly serving: ResolvedService;
}

/**
 * The service that a request with these headers would go to, for endpoints that answer about it (spec:
 * services-and-tokens 4.10).
 * @throws WaiterError as a proxied request would get: 503 in maintenance, 404, 400, 403
 */
export async function resolveRequest(
  deps: Deps,
  consents: ConsentCookies,
  rawHeaders: IncomingHttpHeaders,
  user: string,
): Promise<RequestedService> {
  const { descriptions } = deps.config;
  const headers = requestHeaders(rawHeaders);
  refuseUnsupportedHeaders(headers, descriptions);
  const { source, names } = discoverTokens(headers, descriptions.hostnames);
  const tokens = await loadTokens(deps, names);
  refuseMaintenance(
    tokens.filter((token) => token !== null),
    deps,
  );
  const input: ResolveInput = { headers, source, names, tokens, user };
  const consent = asksConsent(source, tokens) ? consents.read(headers['cookie'], user) : null;
  const candidate = consent === null ? null : resolveService({ ...input, consented: true }, descriptions);
  const approved = consent !== null && candidate !== null && approves(consent, candidate) ? candidate : null;
  const latest = approved ?? resolveService(input, descriptions);
  const consented = approved !== null && consent?.mode === 'token';
  const serving = await servingVersion(deps, { ...input, consented }, latest);
  authorizeRequest(serving, user, deps.entitlement);
  return { latest, serving };
}

/** What serves a token's requests at this moment; null when the token makes no service for this user. */
export async function resolveToken(
  deps: Deps,
  token: TokenRecord,
  user: string,
): Promise<RequestedService | null> {
  const input: ResolveInput = {
    headers: { 'x-waiter-token': token.name },
    source: 'waiter-header',
    names: [token.name],
    tokens: [token],
    user,
  };
  try {
    const latest = resolveService(input, deps.config.descriptions);
    return { latest, serving: await servingVersion(deps, input, latest) };
  } catch (error) {
    if (error instanceof WaiterError) return null;
    throw error;
  }
}

async function servingVersion(
  { store, config, clock }: Deps,
  input: ResolveInput,
  latest: ResolvedService,
): Promise<ResolvedService> {
  if (clock.now() >= fallbackUntilMs(input.headers, latest)) return latest;
  const earlier = [...earlierServices(input, config.descriptions)];
  if (earlier.length === 0) return latest;
  const candidates = [latest, ...earlier].map(({ serviceId }) => serviceId);
  const snapshots = await Promise.all(candidates.map((id) => store.instances.get(id)));
  const healthy = new Set(
    candidates.filter((_, index) =>
      snapshots[index]?.instances.some((instance) => instance.healthy && !instance.draining),
    ),
  );
  return serviceInUse(latest, earlier, (id) => healthy.has(id));
}

/** Names like `^SERVICE-ID#<id>` stand for a stored service. */
export async function loadTokens(
  { store }: Pick<Deps, 'store'>,
  names: readonly string[],
): Promise<readonly (TokenRecord | null)[]> {
  const tokens = await store.tokens.getMany(names);
  return Promise.all(
    names.map(async (name, index) => {
      const id = serviceEntryId(name);
      if (id === null) return tokens[index] ?? null;
      const record = await store.services.get(id);
      return record === null ? null : serviceEntryToken(id, record.description);
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

/** Headers as core reads them. */
export function requestHeaders(headers: IncomingHttpHeaders): HeaderMap {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(',') : value]],
    ),
  );
}
