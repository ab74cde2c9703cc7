import { tinyCommand } from '@waiter/kitchen';
import type { Cluster } from '../cluster/cluster';
import { registerToken } from '../cluster/service';

/** A token of a service that costs next to nothing. */
export function registerTiny(cluster: Cluster, token: string): Promise<void> {
  return registerToken(cluster, token, {
    name: token,
    cmd: tinyCommand(),
    cpus: 0.01,
    mem: 8,
    'health-check-url': '/',
  });
}
