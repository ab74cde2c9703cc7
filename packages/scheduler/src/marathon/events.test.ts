import type { Json } from '@waiter/core';
import { EVENT_TYPES, MarathonEvents } from './events';
import { FailedInstances } from './failed-instances';
import { KnownTasks } from './known-tasks';

const SERVICE = 'waiter-service-x';
const INSTANCE = `${SERVICE}.instance-00000001-1111-2222-3333-444444444444`;
const TASK = `${INSTANCE}._app.1`;
const OLD_TASK = `${SERVICE}.00000001-1111-2222-3333-444444444444`;

function reader() {
  const failures = new FailedInstances();
  const tasks = new KnownTasks();
  const events = new MarathonEvents('waiter-service-', failures, tasks, () => null);
  const read = (eventType: string, fields: Record<string, Json> = {}) =>
    events.translate({
      type: eventType,
      data: JSON.stringify({ eventType, timestamp: '2024-05-01T10:00:01.500Z', ...fields }),
    });
  const status = (taskStatus: string, changes: Record<string, Json> = {}) =>
    read('status_update_event', {
      slaveId: 'agent-1',
      taskId: TASK,
      taskStatus,
      message: '',
      appId: `/${SERVICE}`,
      host: '10.0.0.1',
      ports: [31001, 31002],
      version: '2024-05-01T09:59:59.000Z',
      ...changes,
    });
  return { failures, tasks, events, read, status };
}

test('a running task with an address has started, once', () => {
  const { status } = reader();
  expect(status('TASK_RUNNING')).toEqual([
    {
      type: 'started',
      instance: {
        id: TASK,
        serviceId: SERVICE,
        host: '10.0.0.1',
        port: 31001,
        extraPorts: [31002],
        startedAtMs: Date.parse('2024-05-01T10:00:01.500Z'),
        healthy: false,
        flags: [],
        healthCheckStatus: null,
        exitCode: null,
        message: null,
        logDirectory: null,
      },
    },
  ]);
  expect(status('TASK_RUNNING')).toEqual([]);
});

test.each(['TASK_STAGING', 'TASK_STARTING', 'TASK_KILLING', 'TASK_UNREACHABLE'])(
  '%s only means: look',
  (state) => {
    expect(reader().status(state)).toEqual([{ type: 'changed', serviceId: SERVICE }]);
  },
);

test('running without a port only means: look', () => {
  expect(reader().status('TASK_RUNNING', { ports: [] })).toEqual([{ type: 'changed', serviceId: SERVICE }]);
});

test.each(['TASK_FAILED', 'TASK_ERROR', 'TASK_LOST', 'TASK_DROPPED', 'TASK_GONE', 'TASK_UNKNOWN'])(
  '%s ends it as failed, and is remembered',
  (state) => {
    const { status, failures } = reader();
    const [event] = status(state, { message: 'Command exited with status 3' });
    expect(event).toMatchObject({
      type: 'ended',
      serviceId: SERVICE,
      instanceId: TASK,
      failed: { id: TASK, exitCode: 3 },
    });
    expect(failures.of(SERVICE).map(({ id }) => id)).toEqual([TASK]);
  },
);

test('a kill is no failure', () => {
  const { status, failures } = reader();
  expect(status('TASK_KILLED')).toEqual([
    { type: 'ended', serviceId: SERVICE, instanceId: TASK, failed: null },
  ]);
  expect(failures.of(SERVICE)).toEqual([]);
});

test('a kill by Marathon for its health is a failure', () => {
  const { read, status } = reader();
  const kill = { appId: `/${SERVICE}`, taskId: TASK, instanceId: INSTANCE, reason: 'ConnectException' };
  expect(read('unhealthy_instance_kill_event', kill)).toEqual([]);
  expect(status('TASK_KILLED')).toMatchObject([
    {
      type: 'ended',
      failed: {
        flags: ['never-passed-health-checks'],
        message: 'Task was killed since health check failed. Reason: ConnectException',
      },
    },
  ]);
});

test('a command that ends by itself has failed, with exit code 0', () => {
  expect(reader().status('TASK_FINISHED')).toMatchObject([{ type: 'ended', failed: { exitCode: 0 } }]);
});

test('an end that we asked for is no failure, whatever the state', () => {
  const one = reader();
  one.tasks.expectEnd(TASK);
  expect(one.status('TASK_FAILED')).toMatchObject([{ failed: null }]);
  const all = reader();
  all.tasks.expectEnd(SERVICE);
  expect(all.status('TASK_FINISHED')).toMatchObject([{ failed: null }]);
  // It is listed again: somebody created it anew.
  all.tasks.replace(SERVICE, []);
  expect(all.status('TASK_FINISHED')).toMatchObject([{ failed: { exitCode: 0 } }]);
});

describe('health', () => {
  const health = { appId: `/${SERVICE}`, instanceId: INSTANCE, version: 'v', alive: true };

  test('Marathon names its instance; the port names the task', () => {
    const { read, status } = reader();
    status('TASK_RUNNING');
    expect(read('health_status_changed_event', health)).toEqual([
      { type: 'health', serviceId: SERVICE, instanceId: TASK, healthy: true },
    ]);
    const changed = { runSpecId: `/${SERVICE}`, instanceId: INSTANCE, healthy: false };
    expect(read('instance_health_changed_event', changed)).toEqual([
      { type: 'health', serviceId: SERVICE, instanceId: TASK, healthy: false },
    ]);
  });

  test('1.4 names the task itself; tasks are known from lists too', () => {
    const { read, tasks } = reader();
    tasks.replace(SERVICE, [OLD_TASK]);
    const event = { appId: `/${SERVICE}`, taskId: OLD_TASK, alive: false };
    expect(read('health_status_changed_event', event)).toEqual([
      { type: 'health', serviceId: SERVICE, instanceId: OLD_TASK, healthy: false },
    ]);
  });

  test('of a task that is not known only means: look', () => {
    expect(reader().read('health_status_changed_event', health)).toEqual([
      { type: 'changed', serviceId: SERVICE },
    ]);
  });

  test('without a verdict it means nothing', () => {
    expect(reader().read('instance_health_changed_event', { ...health, healthy: null })).toEqual([]);
  });
});

test.each<[string, Json]>([
  [
    'an event',
    { original: {}, target: {}, steps: [{ actions: [{ action: 'ScaleApplication', app: `/${SERVICE}` }] }] },
  ],
  [
    '1.1',
    {
      steps: [
        {
          actions: [
            { type: 'StartApplication', app: `/${SERVICE}` },
            { type: 'StopApplication', app: '/other' },
          ],
        },
      ],
    },
  ],
  [
    '0.8',
    {
      steps: [
        [{ action: 'StartApplication', app: `/${SERVICE}` }],
        [{ action: 'ScaleApplication', app: `/${SERVICE}` }],
      ],
    },
  ],
])('a deployment as %s tells it names its apps in its steps', (_name, plan) => {
  expect(reader().read('deployment_success', { plan })).toEqual([{ type: 'changed', serviceId: SERVICE }]);
});

test('a kill for its health by the name that it had up to 1.4 is a failure too', () => {
  const { read, status } = reader();
  expect(EVENT_TYPES).toContain('unhealthy_task_kill_event');
  const kill = { appId: `/${SERVICE}`, taskId: OLD_TASK, reason: 'timeout', host: '10.0.0.1' };
  expect(read('unhealthy_task_kill_event', kill)).toEqual([]);
  expect(status('TASK_KILLED', { taskId: OLD_TASK })).toMatchObject([
    {
      failed: { flags: ['never-passed-health-checks'], message: expect.stringContaining('Reason: timeout') },
    },
  ]);
});

test('deployments and the end of an app mean: look at our apps', () => {
  const { read } = reader();
  const plan = { id: 'd', affectedApps: [`/${SERVICE}`, '/other'] };
  expect(read('deployment_success', { plan })).toEqual([{ type: 'changed', serviceId: SERVICE }]);
  expect(read('app_terminated_event', { appId: `/${SERVICE}` })).toEqual([
    { type: 'changed', serviceId: SERVICE },
  ]);
});

test('being attached means: look at everything', () => {
  expect(reader().read('event_stream_attached')).toEqual([{ type: 'changed', serviceId: null }]);
});

test('other apps, other events and what is not JSON mean nothing', () => {
  const { status, read, events } = reader();
  expect(status('TASK_RUNNING', { appId: '/other' })).toEqual([]);
  expect(status('TASK_RUNNING', { taskId: null })).toEqual([]);
  expect(read('framework_message_event', { appId: `/${SERVICE}` })).toEqual([]);
  expect(events.translate({ type: 'status_update_event', data: 'nonsense' })).toEqual([]);
});
