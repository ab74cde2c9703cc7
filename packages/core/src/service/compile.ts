import type { BackendProto, Json, LoadBalancing, ScalingPolicy, ServiceParameters } from '../words';
import { isMap, own } from '../json';
import { SERVICE_PARAMETERS } from '../parameters';

const MINUTE_MS = 60_000;
const BYPASS_MODES: ReadonlySet<string> = new Set(['headless', 'ingress-distributed', 'ingress-centralized']);
const BUILT_IN = Object.fromEntries(
  SERVICE_PARAMETERS.flatMap(({ name, defaultValue }) =>
    defaultValue === undefined ? [] : [[name, defaultValue]],
  ),
) as Readonly<Record<string, Json>>;

/** One kind of check of an instance. */
export interface CheckDescription {
  readonly url: string;
  readonly proto: BackendProto;
  readonly portIndex: number;
  readonly intervalMs: number;
  readonly maxConsecutiveFailures: number;
  /** `standard`: checks carry the service password. */
  readonly authentication: 'disabled' | 'standard';
}

/** An effective description as code reads it; see the parameter table for the meaning of each. */
export interface CompiledDescription {
  readonly allowedParams: readonly string[];
  readonly authentication: string;
  readonly backendProto: BackendProto;
  /** Requests do not pass through the routers (spec: services-and-tokens 1.7). */
  readonly bypass: boolean;
  readonly cmd: string;
  readonly cmdType: string;
  readonly concurrencyLevel: number;
  readonly cpus: number;
  readonly distributionScheme: string;
  readonly env: Readonly<Record<string, string>>;
  readonly expiredInstanceRestartRate: number;
  readonly gracePeriodMs: number;
  readonly healthCheckAuthentication: 'disabled' | 'standard';
  readonly healthCheckIntervalMs: number;
  readonly healthCheckMaxConsecutiveFailures: number;
  readonly healthCheckPortIndex: number;
  readonly healthCheckProto: BackendProto;
  readonly healthCheckUrl: string;
  /** 0: never. */
  readonly idleTimeoutMs: number;
  readonly image: string | null;
  /** 0: never. */
  readonly instanceExpiryMs: number;
  /** 0: off. */
  readonly interstitialMs: number;
  readonly jitterThreshold: number;
  readonly liveness: CheckDescription;
  readonly loadBalancing: LoadBalancing;
  readonly maxInstances: number;
  readonly maxQueueLength: number;
  readonly memMiB: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly metricGroup: string;
  readonly minInstances: number;
  readonly name: string | null;
  readonly namespace: string | null;
  readonly permittedUser: string;
  readonly ports: number;
  readonly profile: string | null;
  readonly restartBackoffFactor: number;
  readonly routingMode: string;
  readonly runAsUser: string;
  readonly scaleDownFactor: number;
  readonly scaleFactor: number;
  readonly scaleUpFactor: number;
  readonly scalingPolicy: ScalingPolicy;
  readonly scheduler: string | null;
  /** 0: the scheduler's default. */
  readonly terminationGracePeriodMs: number;
  readonly version: string;
}

/** Reads the map with the built-in default where a value is absent or of another type. */
class Reader {
  constructor(private readonly map: ServiceParameters) {}

  number(name: string): number {
    const value = own(this.map, name) ?? own(BUILT_IN, name);
    if (typeof value === 'number') return value;
    const fallback = own(BUILT_IN, name);
    return typeof fallback === 'number' ? fallback : 0;
  }

  optional(name: string): string | null {
    const value = own(this.map, name) ?? own(BUILT_IN, name);
    return typeof value === 'string' ? value : null;
  }

  string(name: string): string {
    return this.optional(name) ?? '';
  }

  strings(name: string): Readonly<Record<string, string>> {
    const value = own(this.map, name);
    if (!isMap(value)) return {};
    const entries = Object.entries(value).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return Object.fromEntries(entries);
  }

  check(kind: 'health' | 'liveness', inherited?: CheckDescription): CheckDescription {
    const has = (suffix: string): boolean => (own(this.map, `${kind}-check-${suffix}`) ?? null) !== null;
    const name = (suffix: string): string =>
      (has(suffix) || !inherited ? kind : 'health') + `-check-${suffix}`;
    const proto = this.optional(name('proto')) ?? this.string('backend-proto');
    return {
      url: this.string(name('url')),
      proto: proto as BackendProto,
      portIndex: this.number(name('port-index')),
      intervalMs: this.number(name('interval-secs')) * 1000,
      maxConsecutiveFailures: this.number(name('max-consecutive-failures')),
      authentication: this.string(name('authentication')) === 'standard' ? 'standard' : 'disabled',
    };
  }
}

/**
 * Turns a validated effective description into numbers and plain names. What is absent reads as its built-in default;
 * required parameters that are absent read as `''` and 0.
 */
export function compileDescription(effective: ServiceParameters): CompiledDescription {
  const read = new Reader(effective);
  const health = read.check('health');
  const metadata = read.strings('metadata');
  const allowed = own(effective, 'allowed-params');
  return {
    allowedParams: Array.isArray(allowed) ? allowed.filter((item) => typeof item === 'string') : [],
    authentication: read.string('authentication'),
    backendProto: read.string('backend-proto') as BackendProto,
    bypass:
      BYPASS_MODES.has(read.string('routing-mode')) || metadata['waiter-proxy-bypass-opt-in'] === 'true',
    cmd: read.string('cmd'),
    cmdType: read.optional('cmd-type') ?? 'shell',
    concurrencyLevel: read.number('concurrency-level'),
    cpus: read.number('cpus'),
    distributionScheme: read.string('distribution-scheme'),
    env: read.strings('env'),
    expiredInstanceRestartRate: read.number('expired-instance-restart-rate'),
    gracePeriodMs: read.number('grace-period-secs') * 1000,
    healthCheckAuthentication: health.authentication,
    healthCheckIntervalMs: health.intervalMs,
    healthCheckMaxConsecutiveFailures: health.maxConsecutiveFailures,
    healthCheckPortIndex: health.portIndex,
    healthCheckProto: health.proto,
    healthCheckUrl: health.url,
    // Rounded up: a tiny fraction must not become 0, which would mean never.
    idleTimeoutMs: Math.ceil(read.number('idle-timeout-mins') * MINUTE_MS),
    image: read.optional('image'),
    instanceExpiryMs: read.number('instance-expiry-mins') * MINUTE_MS,
    interstitialMs: read.number('interstitial-secs') * 1000,
    jitterThreshold: read.number('jitter-threshold'),
    liveness: read.check('liveness', health),
    loadBalancing: read.string('load-balancing') as LoadBalancing,
    maxInstances: read.number('max-instances'),
    maxQueueLength: read.number('max-queue-length'),
    memMiB: read.number('mem'),
    metadata,
    metricGroup: read.optional('metric-group') ?? 'other',
    minInstances: read.number('min-instances'),
    name: read.optional('name'),
    namespace: read.optional('namespace'),
    permittedUser: read.string('permitted-user'),
    ports: read.number('ports'),
    profile: read.optional('profile'),
    restartBackoffFactor: read.number('restart-backoff-factor'),
    routingMode: read.string('routing-mode'),
    runAsUser: read.string('run-as-user'),
    scaleDownFactor: read.number('scale-down-factor'),
    scaleFactor: read.number('scale-factor'),
    scaleUpFactor: read.number('scale-up-factor'),
    scalingPolicy: (read.optional('scaling-policy') ?? 'original') as ScalingPolicy,
    scheduler: read.optional('scheduler'),
    terminationGracePeriodMs: read.number('termination-grace-period-secs') * 1000,
    version: read.string('version'),
  };
}
