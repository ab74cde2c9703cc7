import type { Json, ServiceId, ServiceParameters } from '../words';
import { WaiterError } from '../errors';
import type { JsonMap } from '../json';
import { isMap, own } from '../json';
import { messageText } from '../messages';
import type { CompiledDescription } from './compile';
import { compileDescription } from './compile';
import { allowancesOf, cannotRun } from './authorize';
import type { TokenDiscovery } from './discover';
import { effectiveDescription } from './effective';
import type { DescriptionHeaders, HeaderMap } from './headers';
import { descriptionHeaders, shownHeaders } from './headers';
import type { SourceToken } from './references';
import { serviceIdOf } from './service-id';
import type { DescriptionSettings } from './settings';
import { isExclusive, newestUpdateMs, tokenMetadataInUse, tokenTemplate } from './templates';
import type { TokenRecord } from './token-hash';
import { serviceEntryId } from './token-hash';
import { validateDescription } from './validate';

export interface ResolveInput {
  readonly headers: HeaderMap;
  readonly source: TokenDiscovery['source'];
  /** As `discoverTokens` gave them. */
  readonly names: readonly string[];
  /** In the order of `names`; null: absent or soft-deleted. */
  readonly tokens: readonly (TokenRecord | null)[];
  /** The requester; null when nobody is authenticated. */
  readonly user: string | null;
  /** The requester's consent is at hand: the service may run as the requester. */
  readonly consented?: boolean;
  /** Overrides of the service, known once its id is. */
  readonly overridesOf?: (id: ServiceId) => ServiceParameters;
  /** A service that is stored was validated when it was stored, and is not refused by later limits. */
  readonly isStored?: (id: ServiceId) => boolean;
}

export interface ResolvedService {
  readonly serviceId: ServiceId;
  /** What is hashed and stored: tokens and headers, no defaults. */
  readonly core: ServiceParameters;
  /** What the service runs by. */
  readonly effective: ServiceParameters;
  readonly compiled: CompiledDescription;
  readonly sourceTokens: readonly SourceToken[];
  /** Metadata of the tokens with token defaults; `{}` when no token was named. */
  readonly tokenMetadata: JsonMap;
  /** Newest write among the tokens, epoch ms; 0 without tokens. */
  readonly tokensUpdatedAtMs: number;
  readonly onTheFly: boolean;
  /** Its token lets everybody who is permitted use it without being allowed to run as its user (spec: 2.8). */
  readonly preAuthorised: boolean;
  readonly authenticationDisabled: boolean;
}

/** @throws WaiterError 400 for headers that are not supported (spec: services-and-tokens 0.3, step 6) */
export function refuseUnsupportedHeaders(headers: HeaderMap, settings: DescriptionSettings): void {
  const found = settings.unsupportedHeaders.filter((name) => Object.hasOwn(headers, name));
  if (found.length === 0) return;
  throw new WaiterError('Unsupported waiter headers found', {
    status: 400,
    details: { 'unsupported-headers-in-request': found },
  });
}

function presentTokens({ source, names, tokens }: ResolveInput): readonly TokenRecord[] {
  const present = tokens.filter((token) => token !== null);
  const missing = names.find((_, index) => (tokens[index] ?? null) === null);
  if (source === 'waiter-header' && missing !== undefined) {
    throw new WaiterError(`Token not found: ${missing}`, { status: 404, details: { token: missing } });
  }
  return missing === undefined ? present : [];
}

/** Step 4: parameters of the request go into `env`, if they are allowed. */
function withParams(description: JsonMap, params: DescriptionHeaders['params']): JsonMap {
  if (params === null) return description;
  const listed = own(description, 'allowed-params');
  const allowed: readonly Json[] = Array.isArray(listed) ? listed : [];
  const names = Object.keys(params);
  if (!names.every((name) => allowed.includes(name))) {
    throw new WaiterError('Some params cannot be configured', {
      status: 400,
      details: { 'allowed-params': [...allowed], params: { ...params } },
    });
  }
  const env = own(description, 'env');
  return { ...description, env: { ...(isMap(env) ? env : {}), ...params } };
}

const misconfigured = (message: string, headers: HeaderMap): WaiterError =>
  new WaiterError(message, {
    status: 400,
    errorClass: 'waiter.ServiceMisconfigured',
    errorCause: 'service-description-error',
    details: shownHeaders(headers),
  });

/** Steps 2 to 12 of spec services-and-tokens 2.3: the core description before service mapping. */
function describe(
  template: JsonMap,
  given: DescriptionHeaders,
  input: ResolveInput,
  settings: DescriptionSettings,
): JsonMap {
  const { user, headers } = input;
  const byHeader: Record<string, Json> = { ...given.parameters };
  // Whoever adds anything by header gets a service of their own, not one that runs as the token's user.
  if (Object.keys(byHeader).length > 0 && !Object.hasOwn(byHeader, 'run-as-user')) {
    // Not authenticated, because the token asks for no authentication: there is nobody to run it as (request-path 9.6).
    if (user === null) throw cannotRun(user, null, null);
    byHeader['run-as-user'] = user;
  }
  const merged: Record<string, Json> = { ...withParams({ ...template, ...byHeader }, given.params) };

  const { 'run-as-user': runAsUser, namespace } = merged;
  if (runAsUser === '*') delete merged['run-as-user'];
  if (namespace === '*') merged['namespace'] = user;
  const metadata = own(merged, 'metadata');
  if (isMap(metadata)) {
    merged['metadata'] = Object.fromEntries(
      Object.entries(metadata).map(([key, value]) => [key.toLowerCase(), value]),
    );
  }
  const asRequester = given.onTheFly || input.consented === true;
  if (!Object.hasOwn(merged, 'run-as-user') && asRequester) {
    merged['run-as-user'] = user;
    merged['permitted-user'] = user;
  }
  if (given.parameterHeader) merged['permitted-user'] = own(byHeader, 'permitted-user') ?? user;

  if (Object.keys(merged).length === 0) {
    throw new WaiterError(messageText('cannot-identify-service', settings.messages), {
      status: 400,
      errorClass: 'waiter.ServiceUnknown',
      errorCause: 'service-description-error',
      details: shownHeaders(headers),
    });
  }
  if (runAsUser === '*' && namespace !== undefined && namespace !== null && namespace !== '*') {
    throw misconfigured('Cannot use run-as-requester with a specific namespace', headers);
  }
  if (own(given.parameters, 'idle-timeout-mins') === 0) {
    throw misconfigured(
      'idle-timeout-mins on-the-fly header configured to a value of zero is not supported',
      headers,
    );
  }
  return merged;
}

/** Exclusive services carry their tokens in the environment, which makes their ids differ (spec: 2.9). */
function withMapping(
  core: JsonMap,
  tokens: readonly TokenRecord[],
  metadata: JsonMap,
  settings: DescriptionSettings,
): JsonMap {
  if (!isExclusive(tokens, metadata, settings)) return core;
  const env = own(core, 'env');
  const names = tokens.map(({ name }) => name).join(',');
  return { ...core, env: { ...(isMap(env) ? env : {}), WAITER_CONFIG_TOKEN: names } };
}

/**
 * From a request and its tokens to the service (spec: services-and-tokens 2). Pure: the caller loads the tokens.
 * @throws WaiterError 404 for a missing token, 400 for everything that makes no service; `isMissingRunAsUser` tells the
 *   one that calls for the consent page
 */
export function resolveService(input: ResolveInput, settings: DescriptionSettings): ResolvedService {
  const { headers } = input;
  refuseUnsupportedHeaders(headers, settings);
  const tokens = presentTokens(input);
  const template = tokenTemplate(tokens);
  const tokenMetadata = input.names.length === 0 ? {} : tokenMetadataInUse(tokens, template, settings);
  const given = descriptionHeaders(headers);

  const core = withMapping(describe(template, given, input, settings), tokens, tokenMetadata, settings);
  const serviceId = serviceIdOf(core, settings.servicePrefix);
  const effective = effectiveDescription(core, settings, input.overridesOf?.(serviceId));
  const first = tokens[0];
  const isEntry = tokens.length === 1 && first !== undefined && serviceEntryId(first.name) === serviceId;
  if (!isEntry && input.isStored?.(serviceId) !== true) {
    const options = {
      missingAllowed: false,
      settings,
      errorClass: 'waiter.ServiceMisconfigured',
      errorCause: 'service-description-error',
      details: shownHeaders(headers),
    } as const;
    validateDescription(core, options);
    validateDescription(effective, options);
  }
  return {
    serviceId,
    core,
    effective,
    compiled: compileDescription(effective),
    sourceTokens: tokens.map(({ name, hash }) => ({ token: name, version: hash ?? '' })),
    tokenMetadata,
    tokensUpdatedAtMs: newestUpdateMs(tokens),
    onTheFly: given.onTheFly,
    ...allowancesOf(tokens, template, given, settings),
  };
}
