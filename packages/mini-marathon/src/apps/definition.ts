import type { Json } from '@waiter/core';

export type HealthProtocol =
  'HTTP' | 'HTTPS' | 'TCP' | 'COMMAND' | 'MESOS_HTTP' | 'MESOS_HTTPS' | 'MESOS_TCP';

/** One health check as the API shows it, defaults filled in (scaling-and-schedulers 4B.8). */
export interface HealthCheck {
  readonly protocol: HealthProtocol;
  readonly gracePeriodSeconds: number;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly maxConsecutiveFailures: number;
  readonly delaySeconds: number;
  readonly path?: string;
  readonly port?: number;
  readonly portIndex?: number;
  readonly command?: { readonly value: string };
  readonly ignoreHttp1xx?: boolean;
  readonly ipProtocol?: string;
}

export interface PortDefinition {
  /** The service port: unique in the cluster, unrelated to the host ports that tasks get. */
  readonly port: number;
  readonly protocol: string;
  readonly name?: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something that is brought into the sandbox before the task starts. */
export interface Artifact {
  readonly uri: string;
  readonly extract: boolean;
  readonly executable: boolean;
  readonly cache: boolean;
  readonly destPath?: string;
}

/** A deployment waits until each new task has passed this once. */
export interface ReadinessCheck {
  readonly name: string;
  readonly protocol: 'HTTP' | 'HTTPS';
  readonly path: string;
  readonly portName: string;
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly httpStatusCodesForReady: readonly number[];
  readonly preserveLastResponse: boolean;
}

export interface UpgradeStrategy {
  readonly minimumHealthCapacity: number;
  readonly maximumOverCapacity: number;
}

/** An app with all defaults, exactly as `GET /v2/apps` shows it (4B.3), without counts and embeds. */
export interface AppDefinition {
  readonly id: string;
  readonly cmd?: string;
  readonly args?: readonly string[];
  readonly user?: string;
  readonly env: Readonly<Record<string, Json>>;
  readonly instances: number;
  readonly cpus: number;
  readonly mem: number;
  readonly disk: number;
  readonly gpus: number;
  readonly executor: string;
  readonly constraints: readonly Json[];
  readonly fetch: readonly Artifact[];
  readonly storeUrls: readonly string[];
  readonly backoffSeconds: number;
  readonly backoffFactor: number;
  readonly maxLaunchDelaySeconds: number;
  readonly container?: Readonly<Record<string, Json>>;
  readonly healthChecks: readonly HealthCheck[];
  readonly readinessChecks: readonly ReadinessCheck[];
  readonly dependencies: readonly string[];
  readonly upgradeStrategy: UpgradeStrategy;
  readonly labels: Readonly<Record<string, string>>;
  readonly acceptedResourceRoles?: readonly string[];
  readonly role?: string;
  readonly residency?: Json;
  readonly secrets?: Json;
  readonly check?: Json;
  readonly tty?: boolean;
  readonly resourceLimits?: Json;
  readonly requirePorts: boolean;
  readonly version: string;
  readonly versionInfo: { readonly lastScalingAt: string; readonly lastConfigChangeAt: string };
  readonly killSelection: 'YOUNGEST_FIRST' | 'OLDEST_FIRST';
  readonly unreachableStrategy: Json;
  /** Absent where the ports are those of the container. */
  readonly portDefinitions?: readonly PortDefinition[];
  readonly networks: readonly Json[];
  readonly taskKillGracePeriodSeconds?: number;
}

/** What a client may send: every field optional, the two deprecated spellings included. */
export type AppInput = {
  readonly [
    K in Exclude<
      keyof AppDefinition,
      'fetch' | 'healthChecks' | 'portDefinitions' | 'readinessChecks' | 'upgradeStrategy'
    >
  ]?: AppDefinition[K] | undefined;
} & {
  readonly fetch?: readonly (Partial<Artifact> & Pick<Artifact, 'uri'>)[] | undefined;
  readonly readinessChecks?: readonly Partial<ReadinessCheck>[] | undefined;
  readonly healthChecks?: readonly Partial<HealthCheck>[] | undefined;
  readonly portDefinitions?: readonly Partial<PortDefinition>[] | undefined;
  readonly upgradeStrategy?: Partial<UpgradeStrategy> | undefined;
  /** Deprecated spelling of `portDefinitions`. */
  readonly ports?: readonly number[] | undefined;
  /** Deprecated spelling of `networks`. */
  readonly ipAddress?:
    | {
        readonly networkName?: string;
        readonly labels?: Readonly<Record<string, string>>;
        readonly discovery?: { readonly ports?: readonly DiscoveryPort[] };
      }
    | undefined;
  /** Deprecated spelling of `fetch`. */
  readonly uris?: readonly string[] | undefined;
};

/** What `ipAddress.discovery` said of a port before there were port mappings for every container. */
export interface DiscoveryPort {
  readonly [name: string]: Json;
  readonly number?: number;
}

/** A port of a container, as a client names it or with everything filled in. */
export interface PortMapping {
  readonly [name: string]: Json;
  readonly containerPort?: number;
  readonly name?: string;
  readonly servicePort?: number;
}

/** Host ports that each task gets: one per port definition, or per port mapping of the container. */
export function portCount(app: AppDefinition): number {
  return servicePortsOf(app).length;
}

/** One per host port of a task. */
export function servicePortsOf({ portDefinitions, container }: AppDefinition): number[] {
  if (portDefinitions !== undefined) return portDefinitions.map(({ port }) => port);
  return portMappings(container).map(({ servicePort }) => servicePort ?? 0);
}

/** Those of the container, which older clients write below `docker`. */
export function portMappings(container: AppDefinition['container']): readonly PortMapping[] {
  const docker = container?.['docker'];
  const nested = typeof docker === 'object' && docker !== null && !Array.isArray(docker) ? docker : {};
  const mappings = container?.['portMappings'] ?? nested['portMappings'];
  return Array.isArray(mappings) ? (mappings as PortMapping[]) : [];
}

/** By index, where they have one. */
export function portNames({ portDefinitions, container }: AppDefinition): (string | undefined)[] {
  return (portDefinitions ?? portMappings(container)).map(({ name }) => name);
}
