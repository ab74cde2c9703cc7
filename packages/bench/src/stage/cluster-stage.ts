import { withCluster, type Cluster } from '../cluster/cluster';
import { readyPorts, registerToken, useToken } from '../cluster/service';
import { instanceCommand, prepareInstances, protocolOf, type InstanceKind } from './instances';
import { CONCURRENCY_LEVEL, INSTANCES, TOKEN, type Stage } from './stage';

/** A whole cluster as it is shipped, with a request log: its router has one worker beside the control process. */
export function withClusterStage<T>(kind: InstanceKind, work: (stage: Stage) => Promise<T>): Promise<T> {
  const onCluster = async (cluster: Cluster): Promise<T> => {
    prepareInstances(cluster.directory);
    await registerToken(cluster, TOKEN, {
      cmd: instanceCommand(kind, cluster.directory),
      'concurrency-level': CONCURRENCY_LEVEL,
      'min-instances': INSTANCES,
      'max-instances': INSTANCES,
      // As the peers do it; in order of age, one instance would get it all.
      'load-balancing': 'random',
      'health-check-url': '/',
      ...(protocolOf(kind) === 'h2c' ? { 'backend-proto': 'h2c' } : {}),
    });
    const ports = await readyPorts(cluster, await useToken(cluster, TOKEN), INSTANCES);
    return work({
      router: { name: 'router', url: cluster.routerUrl, pid: cluster.routerPid },
      ports,
      otherPids: cluster.otherPids,
      directory: cluster.directory,
      redisPort: cluster.redis.port,
    });
  };
  return withCluster(onCluster, { requestLog: true });
}
