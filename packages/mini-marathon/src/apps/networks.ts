import type { Json } from '@waiter/core';
import { objectOf } from './container';

/** Networks as Marathon shows them: each with its mode, and with labels where it has some. */
export function withNetworks(networks: readonly Json[]): readonly Json[] {
  return networks.map((network) => {
    const { mode = 'container', labels = {}, ...rest } = objectOf(network) ?? {};
    return { ...rest, mode, ...(Object.keys(objectOf(labels) ?? {}).length > 0 ? { labels } : {}) };
  });
}
