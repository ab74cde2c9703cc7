import {
  type DescriptionSettings,
  isFilled,
  isMap,
  type Json,
  own,
  pick,
  supportedProfiles,
  TOKEN_EDITABLE_KEYS,
  WaiterError,
} from '@waiter/core';
import type { Request } from 'express';
import { jsonBody, type Query } from './request';

export interface TokenBody {
  readonly name: string;
  /** The body without `token`. */
  readonly data: Readonly<Record<string, Json>>;
}

const refuse = (message: string, details: Readonly<Record<string, Json>> = {}, status = 400): WaiterError =>
  new WaiterError(message, { status, details });

const ALLOWED_CHARACTER = /^[a-zA-Z0-9\-_$.]$/;
const NAME = /^[a-zA-Z][a-zA-Z0-9\-_$.]+$/;

function checkName(token: string): void {
  const invalid = [...token].findIndex((character) => !ALLOWED_CHARACTER.test(character));
  if (invalid >= 0) {
    const character = [...token][invalid] ?? '';
    const codepoint = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0');
    throw refuse(`Token contains invalid character: "${character}"`, {
      token,
      pattern: ALLOWED_CHARACTER.source.slice(1, -1),
      'invalid-char': character,
      'char-index': invalid,
      'char-codepoint': `u${codepoint}`,
    });
  }
  if (!NAME.test(token))
    throw refuse('Token must match pattern', { token, pattern: NAME.source.slice(1, -1) });
}

/** The token of query or body, whichever has it. */
function nameOf(body: Json | undefined, query: readonly string[]): Json | undefined {
  if (body !== undefined && query.length > 0) {
    throw refuse('The token should be provided only as a query parameter or in the json payload', {
      token: { 'json-payload': body, 'query-parameter': query.length === 1 ? (query[0] ?? '') : [...query] },
    });
  }
  return body ?? query[0];
}

/**
 * Reads a token's name and data out of a `POST /token`: steps 1 to 9 of spec services-and-tokens 3.4, in their order.
 * `allowed-params` comes out without repetitions.
 * @throws WaiterError 400 or 403
 */
export function readTokenBody(request: Request, query: Query, settings: DescriptionSettings): TokenBody {
  const body = jsonBody(request);
  if (!isMap(body)) throw refuse('Invalid JSON payload');
  const allowed = own(body, 'allowed-params');
  if (allowed !== undefined && !Array.isArray(allowed)) {
    throw refuse('Provided allowed-params is not a vector', { 'allowed-params': allowed });
  }
  const name = nameOf(own<Json>(body, 'token'), query.get('token') ?? []);
  const profile = own<Json>(body, 'profile');
  if (typeof profile === 'string' && isFilled(profile) && !Object.hasOwn(settings.profiles, profile)) {
    throw refuse(`Unsupported profile: ${profile}, ${supportedProfiles(Object.keys(settings.profiles))}`, {
      profile,
    });
  }
  if (!isFilled(name)) throw refuse('Must provide the token');
  if (settings.hostnames.includes(name)) throw refuse('Token name is reserved', { token: name }, 403);
  if (!Object.keys(body).some((key) => TOKEN_EDITABLE_KEYS.has(key))) {
    throw refuse(`No parameters provided for ${name}`, { token: name });
  }
  checkName(name);
  const data = pick(body, (key) => key !== 'token');
  return { name, data: allowed === undefined ? data : { ...data, 'allowed-params': unique(allowed) } };
}

const unique = (items: readonly Json[]): Json[] => [
  ...new Map(items.map((item) => [JSON.stringify(item), item])).values(),
];
