import { hostname, networkInterfaces } from 'node:os';

/**
 * Every name by which a request can mean the router itself and not a service (spec: services-and-tokens 0.1, rule 3):
 * the configured names, localhost, and the machine's name and addresses.
 */
export function ownNames(configured: readonly string[]): readonly string[] {
  const addresses = Object.values(networkInterfaces())
    .flat()
    .flatMap((address) => (address === undefined ? [] : [address.address]));
  return [...new Set([...configured, 'localhost', '127.0.0.1', '::1', hostname(), ...addresses])];
}
