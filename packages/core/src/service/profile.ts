import type { Json } from '../words';
import { WaiterError } from '../errors';
import type { JsonMap } from '../json';
import { own, pick } from '../json';
import { SERVICE_KEYS, supportedProfiles, USER_METADATA_KEYS } from '../parameters';
import type { DescriptionSettings } from './settings';

/**
 * Everything a profile supplies (spec: services-and-tokens 1.8); empty when none is named.
 * @throws WaiterError 400 when it is not configured
 */
function entriesOf(name: Json | undefined, { profiles }: DescriptionSettings): JsonMap {
  if (name === undefined || name === null) return {};
  const profile = typeof name === 'string' ? own(profiles, name) : undefined;
  if (profile !== undefined) return profile.defaults;
  const shown = typeof name === 'string' ? name : JSON.stringify(name);
  throw new WaiterError(`Unsupported profile: ${shown}, ${supportedProfiles(Object.keys(profiles))}`, {
    status: 400,
  });
}

/** Service parameters that the profile supplies. @throws WaiterError 400 */
export function profileParameters(name: Json | undefined, settings: DescriptionSettings): JsonMap {
  return pick(entriesOf(name, settings), (key) => SERVICE_KEYS.has(key));
}

/** User metadata that the profile supplies. @throws WaiterError 400 */
export function profileMetadata(name: Json | undefined, settings: DescriptionSettings): JsonMap {
  return pick(entriesOf(name, settings), (key) => USER_METADATA_KEYS.has(key));
}
