import {
  attachDefaults,
  type DescriptionSettings,
  explainUserMetadata,
  isFilled,
  isMap,
  type Json,
  type JsonMap,
  own,
  pick,
  REQUIRED_KEYS,
  SERVICE_KEYS,
  TOKEN_DATA_KEYS,
  validateDescription,
  WaiterError,
} from '@waiter/core';

const BOOKKEEPING = ['cluster', 'last-update-user', 'root'];

/** Lines for user metadata, and for bookkeeping of a wrong type (which the original stores as it is). */
function metadataLines(data: JsonMap): ReadonlyMap<string, string> {
  const lines = new Map(explainUserMetadata(data));
  for (const key of BOOKKEEPING) {
    const value = own(data, key);
    if (value !== undefined && !isFilled(value)) lines.set(key, `${key} must be a non-empty string`);
  }
  const deleted = own(data, 'deleted');
  if (deleted !== undefined && typeof deleted !== 'boolean')
    lines.set('deleted', 'deleted must be a boolean value');
  return lines;
}

function checkMetadata(data: JsonMap): void {
  const lines = metadataLines(data);
  if (lines.size === 0) return;
  throw new WaiterError('Validation failed for token:', {
    status: 400,
    friendlyMessage: [...lines.values()].join('\n'),
    details: { 'failed-check': [...lines.keys()].join(', ') },
  });
}

/** @throws WaiterError 400 unless defaults and profile make the parameters complete */
function requireComplete(parameters: JsonMap, settings: DescriptionSettings, message: string): void {
  const whole = attachDefaults(parameters, settings);
  const missing: Json[] = REQUIRED_KEYS.filter((key) => !Object.hasOwn(whole, key));
  if (missing.length > 0)
    throw new WaiterError(message, { status: 400, details: { 'missing-parameters': missing } });
}

/**
 * Steps 10 to 16 of spec services-and-tokens 3.4: what does not depend on who asks or on the present token.
 * @param skipValues a token that is posted as deleted in admin mode may hold anything
 * @throws WaiterError 400
 */
export function checkToken(data: JsonMap, settings: DescriptionSettings, skipValues: boolean): void {
  const parameters = pick(data, (key) => SERVICE_KEYS.has(key));
  if (!skipValues) {
    validateDescription(parameters, { missingAllowed: true, settings, checkAuthentication: true });
    checkMetadata(data);
    const env = own(data, 'env');
    if (
      own(data, 'service-mapping') === 'exclusive' &&
      isMap(env) &&
      Object.hasOwn(env, 'WAITER_CONFIG_TOKEN')
    ) {
      throw new WaiterError(
        'Service environment cannot contain WAITER_CONFIG_TOKEN when service-mapping is exclusive.',
        { status: 400 },
      );
    }
  }
  const unknown = Object.keys(data).filter((key) => !TOKEN_DATA_KEYS.has(key));
  if (unknown.length > 0) {
    const list = unknown.map((key) => JSON.stringify(key)).join(' ');
    throw new WaiterError(`Unsupported key(s) in token: [${list}]`, { status: 400 });
  }
  if (own(data, 'authentication') === 'disabled') {
    const permitted = own(data, 'permitted-user');
    if (permitted !== '*') {
      const shown = typeof permitted === 'string' ? permitted : (JSON.stringify(permitted) ?? '');
      throw new WaiterError(
        `Tokens with authentication disabled must specify permitted-user as *, instead provided ${shown}`.trimEnd(),
        { status: 400 },
      );
    }
    requireComplete(
      parameters,
      settings,
      'Tokens with authentication disabled must specify all required parameters',
    );
  }
  if (Object.hasOwn(data, 'interstitial-secs')) {
    requireComplete(
      parameters,
      settings,
      'Tokens with missing required parameters cannot use interstitial support',
    );
  }
}
