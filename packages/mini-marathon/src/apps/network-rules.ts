import type { Json } from '@waiter/core';
import { objectOf } from './container';

/** Yields what is wrong with the networks of an app, as path and message in Marathon's words. */
export function* networkErrors(networks: readonly Json[]): Generator<readonly [path: string, error: string]> {
  const of = (mode: string) => networks.map(objectOf).filter((network) => network?.['mode'] === mode);
  const hosts = of('host');
  const bridges = of('container/bridge');
  const containers = of('container');
  const isNamed = (network: Readonly<Record<string, Json>> | undefined) => (network?.['name'] ?? '') !== '';
  const isLabelled = (network: Readonly<Record<string, Json>> | undefined) =>
    Object.keys(objectOf(network?.['labels']) ?? {}).length > 0;
  if (hosts.some((network) => isNamed(network) || isLabelled(network)))
    yield ['/networks', 'Host networks may not have names or labels'];
  if (bridges.some(isNamed)) yield ['/networks', 'Bridge networks may not have names'];
  const names = containers.map((network) => network?.['name'] ?? '');
  if (new Set(names).size < names.length) yield ['/networks', 'Duplicate networks are not allowed'];
  const kinds = [hosts, bridges, containers].filter(({ length }) => length > 0).length;
  if (kinds > 1 || hosts.length > 1 || bridges.length > 1) {
    const error =
      'May specify a single host network, single bridge network, or else 1-to-n container networks';
    yield ['/networks', error];
  }
}
