import {
  compileDescription,
  discoverTokens,
  asyncTimeouts,
  grpcQueueTimeoutMs,
  instanceEnvironment,
  isApiRequest,
  requestTimeouts,
  builtInSettings,
  effectiveDescription,
  metricGroupOf,
} from '..';

const hostnames = ['waiter.example', 'localhost', '127.0.0.1', '::1'];

describe('discoverTokens', () => {
  test('case 193: the header beats the host, ports are stripped, our own names are no tokens', () => {
    expect(discoverTokens({ 'x-waiter-token': 'a,b', host: 't' }, hostnames)).toEqual({
      source: 'waiter-header',
      names: ['a', 'b'],
    });
    expect(discoverTokens({ host: 't.example:9091' }, hostnames)).toEqual({
      source: 'host-header',
      names: ['t.example'],
    });
    for (const host of ['waiter.example', 'LOCALHOST:80', '[::1]:9091', '', ' ']) {
      expect(discoverTokens({ host }, hostnames)).toEqual({ source: 'none', names: [] });
    }
    expect(discoverTokens({}, hostnames).source).toBe('none');
    expect(discoverTokens({ 'x-waiter-token': ' ', host: 't' }, hostnames).source).toBe('host-header');
  });
});

describe('isApiRequest (spec 0.1)', () => {
  const api = (path: string, host: string | undefined, headers = {}): boolean =>
    isApiRequest({ path, host, headers }, hostnames);
  test('fixed paths on any host', () => {
    for (const path of [
      '/token',
      '/service-id',
      '/app-name',
      '/waiter-ping',
      '/waiter-consent/x',
      '/waiter-async/v2/status/1/x',
    ]) {
      expect(api(path, 'service.example', { 'x-waiter-cmd': 'c' })).toBe(true);
    }
    expect(api('/waiter-auth', 'service.example')).toBe(false);
    expect(api('/tokens', 'service.example')).toBe(false);
  });
  test('our own host without description headers', () => {
    expect(api('/apps', 'localhost:9091')).toBe(true);
    expect(api('/apps', undefined)).toBe(true);
    expect(api('/apps', '127.0.0.1', { 'x-waiter-debug': 'true' })).toBe(true);
    expect(api('/apps', '127.0.0.1', { 'x-waiter-token': 't' })).toBe(false);
  });
});

describe('requestTimeouts (spec request-path 4)', () => {
  const router = { queueTimeoutMs: 1, socketTimeoutMs: 2, streamingTimeoutMs: 3 };
  test('request-path case 50: header, then token, then router; headers that make no sense are ignored, long ones capped', () => {
    const token = { 'queue-timeout-ms': 100, 'socket-timeout-ms': 0 };
    expect(requestTimeouts({ 'x-waiter-queue-timeout': '7' }, token, router)).toEqual({
      queueTimeoutMs: 7,
      socketTimeoutMs: 2,
      streamingTimeoutMs: 3,
    });
    expect(requestTimeouts({ 'x-waiter-queue-timeout': '-50' }, token, router).queueTimeoutMs).toBe(100);
    expect(
      requestTimeouts({ 'x-waiter-timeout': '99999999', 'x-waiter-streaming-timeout': 'x' }, {}, router),
    ).toEqual({
      queueTimeoutMs: 1,
      socketTimeoutMs: 3600000,
      streamingTimeoutMs: 3,
    });
  });
  test('request-path case 50: the time of an async request is capped', () => {
    const rules = {
      checkIntervalMs: 3_000,
      timeoutMs: 60_000,
      maxTimeoutMs: 14_400_000,
      maxStatusChecks: 50,
    };
    const totals = ['20000000', '-50', 'soon', '0', '120000'].map(
      (given) => asyncTimeouts({ 'x-waiter-async-request-timeout': given }, rules).timeoutMs,
    );
    expect(totals).toEqual([14_400_000, 60_000, 60_000, 60_000, 120_000]);
  });
  test('request-path case 51: a gRPC deadline is the queue timeout', () => {
    const headers = { 'content-type': 'application/grpc', 'grpc-timeout': '3S' };
    expect(grpcQueueTimeoutMs(headers, 'h2c')).toBe(3100);
    expect(grpcQueueTimeoutMs(headers, 'http')).toBeUndefined();
    expect(grpcQueueTimeoutMs({ ...headers, 'x-waiter-queue-timeout': '1' }, 'h2c')).toBeUndefined();
    expect(grpcQueueTimeoutMs({ ...headers, 'grpc-timeout': 'soon' }, 'h2c')).toBeUndefined();
  });
});

const core = { cmd: 'c', cpus: 0.1, mem: 256, version: 'v', 'run-as-user': 'alice' };

test('the effective keys with built-in defaults (spec 2.5)', () => {
  const effective = effectiveDescription(
    { ...core, 'cmd-type': 'shell', name: 'n', 'permitted-user': 'u' },
    builtInSettings('c'),
  );
  expect(Object.keys(effective)).toHaveLength(45);
  for (const absent of ['image', 'namespace', 'profile', 'scheduler'])
    expect(effective).not.toHaveProperty(absent);
  expect(effective).toMatchObject({
    'liveness-check-url': '/status',
    'liveness-check-proto': null,
    'metric-group': 'other',
  });
});

test('case 194: metric groups match the whole name, first match wins', () => {
  const mappings = [
    ['web.*', 'web'],
    ['.*app', 'apps'],
  ] as const;
  expect(metricGroupOf('webapp', mappings)).toBe('web');
  expect(metricGroupOf('my-app', mappings)).toBe('apps');
  expect(metricGroupOf('my-app-2', mappings)).toBe('other');
  expect(metricGroupOf(undefined, mappings)).toBe('other');
});

test('a compiled description has durations in ms and inherits', () => {
  const settings = builtInSettings('c');
  const parameters = {
    ...core,
    'idle-timeout-mins': 0.05,
    'backend-proto': 'h2c',
    'health-check-url': '/h',
    'liveness-check-interval-secs': 5,
  };
  const compiled = compileDescription(effectiveDescription(parameters, settings));
  expect(compiled).toMatchObject({
    idleTimeoutMs: 3000,
    gracePeriodMs: 30000,
    healthCheckProto: 'h2c',
    healthCheckIntervalMs: 10000,
    cmdType: 'shell',
    bypass: false,
    memMiB: 256,
    permittedUser: '*',
  });
  expect(compiled.liveness).toEqual({
    url: '/h',
    proto: 'h2c',
    portIndex: 0,
    intervalMs: 5000,
    maxConsecutiveFailures: 5,
    authentication: 'disabled',
  });
  const tiny = compileDescription({ 'idle-timeout-mins': 1e-9 });
  expect(tiny.idleTimeoutMs).toBe(1);
});

test('the environment of an instance (spec scaling-and-schedulers 3.13)', () => {
  const env = { FOO: 'x', WAITER_CONFIG_TOKEN: 't' };
  const compiled = compileDescription(effectiveDescription({ ...core, env }, builtInSettings('c')));
  expect(instanceEnvironment({ serviceId: 's', compiled, cluster: 'c', password: 'p', home: '/h' })).toEqual({
    FOO: 'x',
    HOME: '/h',
    LOGNAME: 'alice',
    USER: 'alice',
    WAITER_CLUSTER: 'c',
    WAITER_CONCURRENCY_LEVEL: '1',
    WAITER_CPUS: '0.1',
    WAITER_MEM_MB: '256',
    WAITER_METRIC_GROUP: 'other',
    WAITER_PASSWORD: 'p',
    WAITER_SERVICE_ID: 's',
    WAITER_TOKEN: 't',
    WAITER_USERNAME: 'waiter',
  });
});
