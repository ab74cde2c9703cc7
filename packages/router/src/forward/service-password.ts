import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/** What Waiter and a service's instances know of each other (spec: request-path 0.3). */
export function servicePassword(serviceId: string, password: string): string {
  return createHash('md5')
    .update(serviceId + password)
    .digest('hex');
}

/** `authorization` towards instances, computed once per service. */
export class ServiceAuthorization {
  private readonly values: LRUCache<string, string>;

  constructor(
    private readonly password: string,
    maxEntries: number,
  ) {
    this.values = new LRUCache({ max: maxEntries });
  }

  of(serviceId: string): string {
    const known = this.values.get(serviceId);
    if (known !== undefined) return known;
    const credentials = `waiter:${servicePassword(serviceId, this.password)}`;
    const value = `Basic ${Buffer.from(credentials).toString('base64')}`;
    this.values.set(serviceId, value);
    return value;
  }
}
