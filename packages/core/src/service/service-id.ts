import { createHash } from 'node:crypto';
import type { ServiceId, ServiceParameters } from '../words';
import { canonicalForm } from '../canonical-text';
import { own } from '../json';
import { SERVICE_KEYS } from '../parameters';

/**
 * `<prefix>[<name>-]<md5 hex>` of a core description (spec: services-and-tokens 2.4, vectors 6.1). Only the service
 * parameters count; defaults are not hashed. JSON `1.0` hashes as `1` (see `numberText`).
 */
export function serviceIdOf(core: ServiceParameters, prefix: string): ServiceId {
  const name = own(core, 'name');
  const part = typeof name === 'string' ? `${name.toLowerCase().replace(/[^a-z0-9]/g, '')}-` : '';
  const form = canonicalForm(core, (key) => SERVICE_KEYS.has(key));
  return `${prefix}${part}${createHash('md5').update(form).digest('hex')}`;
}
