import type { ServiceParameters } from '@waiter/core';
import type { ServiceSpec } from '../port';
import { appDefinition, assertRunnable, type AppDefinitionOptions } from './app-definition';

const effective: ServiceParameters = {
  cmd: 'run --port $PORT0',
  'cmd-type': 'shell',
  cpus: 0.5,
  mem: 256,
  ports: 2,
  'run-as-user': 'alice',
  'backend-proto': 'http',
  'health-check-url': '/probe',
  'health-check-port-index': 1,
  'health-check-interval-secs': 7,
  'health-check-max-consecutive-failures': 3,
  'health-check-authentication': 'disabled',
  'grace-period-secs': 60,
  'restart-backoff-factor': 1.5,
  'instance-expiry-mins': 100,
  'termination-grace-period-secs': 0,
};

const PLAIN: AppDefinitionOptions = {
  initCommands: [],
  homePathPrefix: null,
  fetch: [],
  image: 'ignore',
  authenticatedChecks: 'refuse',
  http2Checks: 'marathon',
};

function app(changes: ServiceParameters = {}, options: Partial<AppDefinitionOptions> = {}): unknown {
  const spec: ServiceSpec = {
    id: 'waiter-service-x',
    description: { cmd: 'run' },
    effective: { ...effective, ...changes },
    environment: { HOME: '/elsewhere', WAITER_SERVICE_ID: 'waiter-service-x' },
    instances: 3,
  };
  return appDefinition(spec, { ...PLAIN, ...options });
}

test('case 60: 4A.2 the app of a service', () => {
  expect(app()).toEqual({
    id: 'waiter-service-x',
    instances: 3,
    env: { HOME: '/elsewhere', WAITER_SERVICE_ID: 'waiter-service-x' },
    user: 'alice',
    cmd: 'run --port $PORT0',
    mem: 256,
    cpus: 0.5,
    ports: [0, 0],
    healthChecks: [
      {
        protocol: 'HTTP',
        path: '/probe',
        portIndex: 1,
        gracePeriodSeconds: 60,
        intervalSeconds: 7,
        timeoutSeconds: 20,
        maxConsecutiveFailures: 3,
      },
    ],
    backoffFactor: 1.5,
    labels: { source: 'waiter', user: 'alice', 'waiter-description': '{"cmd":"run"}' },
  });
});

test('case 60: three ports are three zeros', () => {
  expect(app({ ports: 3, 'health-check-port-index': 2 })).toMatchObject({
    ports: [0, 0, 0],
    healthChecks: [{ portIndex: 2 }],
  });
});

test('4A.2 init commands take the command as their last argument', () => {
  const args = app({}, { initCommands: ['waiter-mesos-init', '-x'] });
  expect(args).toMatchObject({ args: ['waiter-mesos-init', '-x', 'run --port $PORT0'] });
  expect(args).not.toHaveProperty('cmd');
});

test('4A.2 HOME is the prefix and the user', () => {
  expect(app({}, { homePathPrefix: '/home/' })).toMatchObject({ env: { HOME: '/home/alice' } });
});

test.each([
  [{ 'backend-proto': 'https' }, 'HTTPS'],
  [{ 'backend-proto': 'h2' }, 'HTTPS'],
  [{ 'backend-proto': 'h2c' }, 'HTTP'],
  [{ 'backend-proto': 'https', 'health-check-proto': 'http' }, 'HTTP'],
  [{ 'backend-proto': 'http', 'health-check-proto': null }, 'HTTP'],
])('case 60: 4A.2 %j is checked by %s', (changes, protocol) => {
  expect(app(changes)).toMatchObject({ healthChecks: [{ protocol }] });
});

test('case 60: 4A.2 a grace period of 0 means no limit', () => {
  expect(app({ 'grace-period-secs': 0 })).toMatchObject({ healthChecks: [{ gracePeriodSeconds: 12_000 }] });
  expect(app({ 'grace-period-secs': 0, 'instance-expiry-mins': 10 })).toMatchObject({
    healthChecks: [{ gracePeriodSeconds: 1200 }],
  });
  const forever = app({ 'grace-period-secs': 0, 'instance-expiry-mins': 0 });
  expect(forever).toMatchObject({ healthChecks: [{ gracePeriodSeconds: 864_000 }] });
});

test('case 60: 4A.2 namespace, disk and termination grace are there when they are set', () => {
  expect(app({ namespace: 'alice', disk: 100, 'termination-grace-period-secs': 9 })).toMatchObject({
    labels: { namespace: 'alice' },
    disk: 100,
    taskKillGracePeriodSeconds: 9,
  });
  expect(app()).not.toHaveProperty('taskKillGracePeriodSeconds');
});

test('case 66: cmd-type docker and authenticated health checks are refused', () => {
  expect(() => assertRunnable(effective, PLAIN)).not.toThrow();
  expect(() => assertRunnable({ ...effective, 'cmd-type': 'docker' }, PLAIN)).toThrow('docker');
  expect(() => assertRunnable({ ...effective, 'health-check-authentication': 'standard' }, PLAIN)).toThrow(
    'credentials',
  );
});

test('authenticated health checks can be left to Waiter: Marathon makes none then', () => {
  const options = { authenticatedChecks: 'waiter' } as const;
  const changes = { 'health-check-authentication': 'standard' };
  expect(() => assertRunnable({ ...effective, ...changes }, { ...PLAIN, ...options })).not.toThrow();
  expect(app(changes, options)).toMatchObject({ healthChecks: [] });
  expect(app({}, options)).toMatchObject({ healthChecks: [{ protocol: 'HTTP' }] });
});

test.each([
  [{ 'backend-proto': 'h2c' }, 0],
  [{ 'backend-proto': 'h2' }, 0],
  [{ 'backend-proto': 'h2c', 'health-check-proto': 'http' }, 1],
  [{ 'backend-proto': 'https' }, 1],
])('of checks by HTTP/2 that are left to Waiter Marathon makes none: %j', (changes, checks) => {
  expect(app(changes, { http2Checks: 'waiter' })).toMatchObject({ healthChecks: { length: checks } });
});

test('services-and-tokens case 142: image is accepted and not used, refused, or the container, as it is configured', () => {
  const withImage = { ...effective, image: 'alpine:3' };
  expect(() => assertRunnable(withImage, PLAIN)).not.toThrow();
  expect(app({ image: 'alpine:3' })).toEqual(app());
  expect(() => assertRunnable(withImage, { ...PLAIN, image: 'refuse' })).toThrow('no images');
  expect(() => assertRunnable(effective, { ...PLAIN, image: 'refuse' })).not.toThrow();
  expect(app({ image: 'alpine:3' }, { image: 'mesos' })).toMatchObject({
    cmd: 'run --port $PORT0',
    container: { type: 'MESOS', docker: { image: 'alpine:3' } },
  });
  expect(app({ image: 'alpine:3' }, { image: 'docker' })).toMatchObject({
    container: { type: 'DOCKER', docker: { image: 'alpine:3', network: 'HOST' } },
  });
  expect(app({}, { image: 'docker' })).not.toHaveProperty('container');
});

test('what is configured to be fetched is unpacked, or made executable', () => {
  const fetch = ['http://files/init.tgz', 'http://files/waiter-init'];
  expect(app({}, { fetch })).toMatchObject({
    fetch: [
      { uri: fetch[0], extract: true, executable: false },
      { uri: fetch[1], executable: true },
    ],
  });
  expect(app()).not.toHaveProperty('fetch');
});
