import type { Json, ServiceParameters } from '../words';
import type { JsonMap } from '../json';
import { isMap, own, pick } from '../json';
import { SERVICE_KEYS, TOKEN_METADATA_KEYS } from '../parameters';
import { mergeParameters } from './effective';
import { profileMetadata } from './profile';
import type { DescriptionSettings } from './settings';
import type { TokenData, TokenRecord } from './token-hash';
import { serviceEntryId } from './token-hash';

/** Service parameters of tokens merged left to right (spec: services-and-tokens 2.2, step 3). */
export function tokenTemplate(tokens: readonly TokenRecord[]): ServiceParameters {
  return tokens
    .map(({ data }) => pick(data, (key) => SERVICE_KEYS.has(key)))
    .reduce<JsonMap>(mergeParameters, {});
}

/** The token's metadata as it is used: owner filled in by run-as-user. */
function metadataOf({ data }: TokenRecord): JsonMap {
  const metadata = pick(data, (key) => key !== 'previous' && TOKEN_METADATA_KEYS.has(key));
  const runAsUser = own(data, 'run-as-user');
  return Object.hasOwn(metadata, 'owner') || runAsUser === undefined
    ? metadata
    : { ...metadata, owner: runAsUser };
}

/**
 * Metadata that a request through these tokens is subject to: token defaults < profile < tokens, later tokens over
 * earlier ones. Unlike the original this holds for several tokens too, so one in maintenance closes them all (7.2, 4).
 * @throws WaiterError 400 when the profile is not configured
 */
export function tokenMetadataInUse(
  tokens: readonly TokenRecord[],
  template: ServiceParameters,
  settings: DescriptionSettings,
): JsonMap {
  return {
    ...settings.tokenDefaults,
    ...profileMetadata(own(template, 'profile'), settings),
    ...Object.assign({}, ...tokens.map(metadataOf)),
  };
}

/** Epoch ms of the newest write among the tokens; 0 when unknown. */
export function newestUpdateMs(tokens: readonly TokenRecord[]): number {
  const times = tokens.map(({ data }) => data['last-update-time']).filter((time) => typeof time === 'number');
  return Math.max(0, ...times);
}

/** Whether the service is the tokens' own and not shared with equal tokens (spec: services-and-tokens 2.9). */
export function isExclusive(
  tokens: readonly TokenRecord[],
  metadata: JsonMap,
  settings: DescriptionSettings,
): boolean {
  if (tokens.every(({ name }) => serviceEntryId(name) !== null)) return false;
  const mapping = own(metadata, 'service-mapping');
  if (mapping === 'default') return newestUpdateMs(tokens) > settings.exclusivePromotionStartTimeMs;
  return mapping === 'exclusive';
}

/** Run-as-requester: nobody, or `*`, is named to run as. */
export function isRunAsRequester(template: ServiceParameters | TokenData): boolean {
  const user = own(template, 'run-as-user');
  return user === undefined || user === null || user === '*';
}

/** Parameterised: a parameter is allowed that has no value yet. */
export function requiresParameters(template: ServiceParameters | TokenData): boolean {
  const allowed: Json | undefined = own(template, 'allowed-params');
  const env = own(template, 'env');
  if (!Array.isArray(allowed)) return false;
  return allowed.some((name) => typeof name === 'string' && !(isMap(env) && Object.hasOwn(env, name)));
}
