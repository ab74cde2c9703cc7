import type { ServiceId } from '../words';
import { numberText } from '../canonical-text';
import type { CompiledDescription } from './compile';

export interface EnvironmentInput {
  readonly serviceId: ServiceId;
  readonly compiled: CompiledDescription;
  /** Name of the cluster. */
  readonly cluster: string;
  /** What the service expects in basic authentication from Waiter. */
  readonly password: string;
  readonly home: string;
}

/**
 * Environment of every instance (spec: scaling-and-schedulers 3.13). Ours win over the user's; PORT0 and its like are
 * the scheduler's.
 */
export function instanceEnvironment(input: EnvironmentInput): Record<string, string> {
  const { serviceId, compiled, cluster, password, home } = input;
  const { WAITER_CONFIG_TOKEN: token, ...env } = compiled.env;
  return {
    ...env,
    HOME: home,
    LOGNAME: compiled.runAsUser,
    USER: compiled.runAsUser,
    WAITER_CLUSTER: cluster,
    WAITER_CONCURRENCY_LEVEL: String(compiled.concurrencyLevel),
    WAITER_CPUS: numberText(compiled.cpus),
    WAITER_MEM_MB: numberText(compiled.memMiB),
    WAITER_METRIC_GROUP: compiled.metricGroup,
    WAITER_PASSWORD: password,
    WAITER_SERVICE_ID: serviceId,
    WAITER_USERNAME: 'waiter',
    ...(token === undefined ? {} : { WAITER_TOKEN: token }),
  };
}
