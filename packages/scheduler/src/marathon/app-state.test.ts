import type { Json } from '@waiter/core';
import { serviceIdOfApp, serviceOfApp } from './app-state';
import { FailedInstances } from './failed-instances';

const ID = 'waiter-service-x';
const task = (number: number, changes: Record<string, Json> = {}): Json => ({
  id: `${ID}.instance-0000000${number}-1111-2222-3333-444444444444._app.1`,
  appId: `/${ID}`,
  host: '10.0.0.1',
  ports: [31001, 31002, 31003],
  servicePorts: [10000],
  slaveId: 'agent-1',
  state: 'TASK_RUNNING',
  stagedAt: '2024-05-01T10:00:00.000Z',
  startedAt: '2024-05-01T10:00:01.500Z',
  version: '2024-05-01T09:59:59.000Z',
  ipAddresses: [{ ipAddress: '10.0.0.1', protocol: 'IPv4' }],
  localVolumes: [],
  healthCheckResults: [{ alive: true, consecutiveFailures: 0, firstSuccess: '2024-05-01T10:00:02.000Z' }],
  ...changes,
});
const failure = (number: number, message: string): Json => ({
  appId: `/${ID}`,
  host: '10.0.0.2',
  message,
  state: 'TASK_FAILED',
  taskId: `${ID}.failed-${number}`,
  timestamp: `2024-05-01T10:00:${String(number).padStart(2, '0')}.000Z`,
  version: '2024-05-01T09:59:59.000Z',
  slaveId: 'agent-2',
});
const app = (changes: Record<string, Json> = {}): Json => ({
  id: `/${ID}`,
  instances: 2,
  labels: { source: 'waiter', user: 'alice', 'waiter-description': '{"cmd":"run"}' },
  tasks: [task(1)],
  tasksStaged: 0,
  tasksRunning: 1,
  deployments: [],
  ...changes,
});
const noLogs = (): null => null;
const read = (json: Json, failures = new FailedInstances()) => serviceOfApp(ID, json, failures, noLogs);

test('cases 57 and 58: 4A.7 an app is a service, with the slash stripped and further ports as extra ports', () => {
  expect(serviceIdOfApp(app())).toBe(ID);
  expect(read(app())).toEqual({
    id: ID,
    requested: 2,
    scheduled: 1,
    active: [
      {
        id: `${ID}.instance-00000001-1111-2222-3333-444444444444._app.1`,
        serviceId: ID,
        host: '10.0.0.1',
        port: 31001,
        extraPorts: [31002, 31003],
        startedAtMs: Date.parse('2024-05-01T10:00:01.500Z'),
        healthy: true,
        flags: [],
        healthCheckStatus: null,
        exitCode: null,
        message: null,
        logDirectory: null,
      },
    ],
    failed: [],
    description: { cmd: 'run' },
    deploymentError: null,
  });
});

test('4A.7 a staged task is an instance without a start time and perhaps without an address', () => {
  const staged = task(1, {
    startedAt: null,
    state: 'TASK_STAGING',
    host: null,
    ports: [],
    healthCheckResults: [],
  });
  expect(read(app({ tasks: [staged] })).active[0]).toMatchObject({
    startedAtMs: null,
    host: '0.0.0.0',
    port: 0,
    extraPorts: [],
    healthy: false,
  });
});

test.each<[string, Json, boolean]>([
  ['no result yet', [], false],
  ['no field at all', null, false],
  ['alive', [{ alive: true, consecutiveFailures: 0 }], true],
  ['alive, but failing now', [{ alive: true, consecutiveFailures: 1 }], false],
  ['not alive', [{ alive: false, consecutiveFailures: 3 }], false],
  [
    'one of two not alive',
    [
      { alive: true, consecutiveFailures: 0 },
      { alive: false, consecutiveFailures: 0 },
    ],
    false,
  ],
])('case 57: 4A.7 health: %s', (_name, healthCheckResults, healthy) => {
  expect(read(app({ tasks: [task(1, { healthCheckResults })] })).active[0]?.healthy).toBe(healthy);
});

test.each<[string, string[], number | null]>([
  ['Command exited with status 1', [], 1],
  ['Command exited with status 127 ', [], 127],
  ['Container exited with status 0', [], 0],
  ['Memory limit exceeded: Requested: 32MB Maximum Used: 33MB', ['memory-limit-exceeded'], null],
  [
    'Task was killed since health check failed. Reason: ConnectException',
    ['never-passed-health-checks'],
    null,
  ],
  [
    "Failed to launch container: Failed to run 'docker -H unix:///var/run/docker.sock pull x': exited with status 1; stderr='not found'",
    ['image-unavailable'],
    null,
  ],
  [
    "Failed to launch container: Unexpected HTTP response '404 Not Found' when trying to get the manifest",
    ['image-unavailable'],
    null,
  ],
  ["Failed to launch container: Failed to fetch all URIs for container 'c' with exit status: 256", [], null],
  ['Abnormal executor termination', [], null],
])('case 58: 4A.7 failed with "%s"', (message, flags, exitCode) => {
  expect(read(app({ lastTaskFailure: failure(1, message) })).failed).toEqual([
    expect.objectContaining({
      id: `${ID}.failed-1`,
      serviceId: ID,
      host: '10.0.0.2',
      port: 0,
      healthy: false,
      startedAtMs: Date.parse('2024-05-01T10:00:01.000Z'),
      message: message.trim(),
      flags,
      exitCode,
    }),
  ]);
});

test('cases 37 and 59: 4A.7 failures are remembered over several lists, ten at most, the newest last', () => {
  const failures = new FailedInstances();
  for (let number = 1; number <= 40; number++) read(app({ lastTaskFailure: failure(number, 'x') }), failures);
  const { failed } = read(app(), failures);
  expect(failed.map(({ id }) => id)).toEqual(
    [31, 32, 33, 34, 35, 36, 37, 38, 39, 40].map((number) => `${ID}.failed-${number}`),
  );
});

test('case 59: 4A.7 one that is active again has not failed; a service that vanished has no past', () => {
  const failures = new FailedInstances();
  read(app({ lastTaskFailure: failure(1, 'x') }), failures);
  expect(read(app({ tasks: [task(1, { id: `${ID}.failed-1` })] }), failures).failed).toEqual([]);
  read(app({ lastTaskFailure: failure(2, 'x') }), failures);
  failures.keepOnly(new Set());
  expect(failures.of(ID)).toEqual([]);
});

test('log directories are asked for with task and agent', () => {
  const service = serviceOfApp(ID, app(), new FailedInstances(), (taskId, agentId) => `${agentId}/${taskId}`);
  expect(service.active[0]?.logDirectory).toBe(`agent-1/${service.active[0]?.id}`);
});

test('odd answers read as what there is', () => {
  expect(serviceIdOfApp(null)).toBeNull();
  expect(read({ instances: '3', tasks: [null, 7, {}], labels: [] })).toMatchObject({
    requested: 0,
    scheduled: 0,
    active: [],
    description: null,
  });
});
