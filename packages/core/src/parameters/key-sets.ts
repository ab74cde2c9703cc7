import { SERVICE_PARAMETERS } from './table';
import { USER_METADATA } from './user-metadata';

/** Key sets of spec services-and-tokens 1.1. */
const named = (items: readonly { readonly name: string }[]): ReadonlySet<string> =>
  new Set(items.map((i) => i.name));
const union = (...sets: ReadonlySet<string>[]): ReadonlySet<string> =>
  new Set(sets.flatMap((set) => [...set]));

export const SERVICE_KEYS = named(SERVICE_PARAMETERS);
export const REQUIRED_KEYS: readonly string[] = SERVICE_PARAMETERS.filter((p) => p.required).map(
  (p) => p.name,
);
export const OVERRIDABLE_KEYS = named(SERVICE_PARAMETERS.filter((p) => p.overridable));
/** Merged key by key, where everything else is replaced. */
export const DEEP_MERGED_KEYS = named(SERVICE_PARAMETERS.filter((p) => p.header === 'map'));
/** `x-waiter-<key>` of these marks a request as on-the-fly. */
export const ON_THE_FLY_KEYS = union(SERVICE_KEYS, new Set(['token']));
export const USER_METADATA_KEYS = named(USER_METADATA);
/** Bookkeeping that only the server (and admin mode) writes. */
export const SYSTEM_METADATA_KEYS: ReadonlySet<string> = new Set([
  'cluster',
  'deleted',
  'last-update-time',
  'last-update-user',
  'previous',
  'root',
]);
export const TOKEN_METADATA_KEYS = union(SYSTEM_METADATA_KEYS, USER_METADATA_KEYS);
/** What counts as a change of a token, and what a profile may set. */
export const TOKEN_EDITABLE_KEYS = union(SERVICE_KEYS, USER_METADATA_KEYS);
export const TOKEN_DATA_KEYS = union(SERVICE_KEYS, TOKEN_METADATA_KEYS);
