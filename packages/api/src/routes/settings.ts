import { messageText } from '@waiter/core';
import { visibleConfig } from '@waiter/config';
import type { ApiDeps } from '../deps';
import type { Route } from '../http/route';

type Deps = Pick<ApiDeps, 'config' | 'port' | 'version' | 'startedAtMs' | 'authenticator'>;

/** `/settings`: the configuration in the words of the original, without secrets (spec: services-and-tokens 4.13). */
export function settingsRoutes(deps: Deps): Route[] {
  return [{ path: '/settings', auth: 'user', methods: { any: () => ({ json: settings(deps) }) } }];
}

function settings({ config, port, version, startedAtMs, authenticator }: Deps): object {
  const { router, scaler, marathon, descriptions, cluster } = config;
  return {
    'cluster-config': {
      'bypass-supported?': false,
      'min-routers': 1,
      name: cluster.name,
      'service-prefix': cluster.servicePrefix,
    },
    // The original's pool of threads; ours are the event loops that proxy.
    'async-threads': router.workers,
    'authenticator-config': {
      kind: authenticator.kind,
      [authenticator.kind]: { 'run-as-user': router.user },
    },
    'consent-expiry-days': router.consentExpiryMs / 86_400_000,
    'cors-config': {
      kind: router.cors.kind,
      'exposed-headers': router.cors.exposedHeaders,
      'max-age': router.cors.maxAgeMs / 1000,
      [router.cors.kind]: { 'allowed-origins': router.cors.allowedOrigins },
    },
    'deployment-error-config': {
      'min-failed-instances': scaler.deploymentError.minFailedInstances,
      'min-hosts': scaler.deploymentError.minHosts,
    },
    'entitlement-config': { kind: 'simple' },
    'git-version': version,
    'health-check-config': {
      'failed-check-threshold': scaler.failedCheckThreshold,
      'health-check-timeout-ms': scaler.healthCheckTimeoutMs,
    },
    host: router.host,
    hostname: router.hostnames,
    'instance-request-properties': {
      'client-connection-idle-timeout-ms': router.clientIdleTimeoutMs,
      'connection-timeout-ms': router.connectTimeoutMs,
      'initial-socket-timeout-ms': router.socketTimeoutMs,
      'queue-timeout-ms': router.queueTimeoutMs,
      'streaming-timeout-ms': router.streamingTimeoutMs,
      'unsupported-headers': descriptions.unsupportedHeaders,
    },
    messages: { ...descriptions.messages, 'not-found': messageText('not-found', descriptions.messages) },
    'metric-group-mappings': descriptions.metricGroupMappings,
    'metrics-config': { 'metrics-sync-interval-ms': LOAD_REPORT_MS },
    'password-store-config': { kind: 'configured', configured: { passwords: '<hidden>' } },
    port,
    'profile-config': descriptions.profiles,
    scaling: {
      'autoscaler-interval-ms': scaler.tickMs,
      'inter-kill-request-wait-time-ms': scaler.interKillMs,
      'max-expired-unhealthy-instances-to-consider': scaler.maxExpiredUnhealthyInstances,
      'quanta-constraints': scaler.quanta,
    },
    'scheduler-config': schedulerConfig(config),
    'scheduler-gc-config': {
      'broken-service-min-hosts': scaler.brokenServiceMinHosts,
      'broken-service-timeout-mins': scaler.brokenServiceTimeoutMs / 60_000,
      'scheduler-gc-interval-ms': scaler.gcIntervalMs,
    },
    // Clients wait for at most twice this until a change shows on every router, so it is never given as 0.
    'scheduler-syncer-interval-secs': Math.max(1, Math.ceil(marathon.reconcileMs / 1000)),
    'server-options': { 'request-header-size': router.requestHeaderSize },
    'service-description-constraints': descriptions.constraints,
    'service-description-defaults': descriptions.defaults,
    'started-at': new Date(startedAtMs).toISOString(),
    'support-info': router.supportInfo,
    'token-config': {
      'cluster-calculator': { kind: 'configured', configured: { 'host->cluster': cluster.byHost } },
      'exclusive-promotion-start-time': new Date(descriptions.exclusivePromotionStartTimeMs).toISOString(),
      'history-length': descriptions.historyLength,
      'limit-per-owner': descriptions.tokenLimitPerOwner,
      'token-defaults': descriptions.tokenDefaults,
    },
    // All options under our own names, secrets masked.
    waiter: visibleConfig(config),
  };
}

/** How often a worker with changes reports its load (DESIGN section 7). */
const LOAD_REPORT_MS = 250;

/** The kind, and what is to know of that kind under its name; where the schedulers are is nobody's business. */
function schedulerConfig({ marathon, schedulers }: ApiDeps['config']): object {
  const own = {
    'home-path-prefix': marathon.homePathPrefix,
    'http-options': { 'socket-timeout': marathon.requestTimeoutMs },
  };
  const names = Object.keys(schedulers.components);
  if (names.length === 0) return { kind: 'marathon', marathon: own };
  return {
    kind: 'composite',
    composite: {
      components: Object.fromEntries(names.map((name) => [name, own])),
      'default-scheduler': schedulers.default ?? null,
    },
  };
}
