import type { ServiceParameters } from '@waiter/core';
import type { ServiceSpec } from '../port';
import { appDefinition, assertRunnable } from './app-definition';

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

function app(changes: ServiceParameters = {}, options = {}): unknown {
  const spec: ServiceSpec = {
    id: 'waiter-service-x',
    description: { cmd: 'run' },
    effective: { ...effective, ...changes },
    environment: { HOME: '/elsewhere', WAITER_SERVICE_ID: 'waiter-service-x' },
    instances: 3,
  };
  return appDefinition(spec, { initCommands: [], homePathPrefix: null, ...options });
}

test('4A.2 the app of a service', () => {
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
])('4A.2 %j is checked by %s', (changes, protocol) => {
  expect(app(changes)).toMatchObject({ healthChecks: [{ protocol }] });
});

test('4A.2 a grace period of 0 means no limit', () => {
  expect(app({ 'grace-period-secs': 0 })).toMatchObject({ healthChecks: [{ gracePeriodSeconds: 12_000 }] });
  const forever = app({ 'grace-period-secs': 0, 'instance-expiry-mins': 0 });
  expect(forever).toMatchObject({ healthChecks: [{ gracePeriodSeconds: 864_000 }] });
});

test('4A.2 namespace, disk and termination grace are there when they are set', () => {
  expect(app({ namespace: 'alice', disk: 100, 'termination-grace-period-secs': 9 })).toMatchObject({
    labels: { namespace: 'alice' },
    disk: 100,
    taskKillGracePeriodSeconds: 9,
  });
  expect(app()).not.toHaveProperty('taskKillGracePeriodSeconds');
});

test('4A.3 what Marathon cannot run is refused', () => {
  expect(() => assertRunnable(effective)).not.toThrow();
  expect(() => assertRunnable({ ...effective, 'cmd-type': 'docker' })).toThrow('docker');
  expect(() => assertRunnable({ ...effective, 'health-check-authentication': 'standard' })).toThrow(
    'credentials',
  );
});
