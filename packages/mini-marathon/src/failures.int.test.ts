import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FAST_CHECK, TestServer, until, WEB_SERVER } from './test-support';

let marathon: TestServer;
beforeEach(async () => {
  marathon = await TestServer.start();
});
afterEach(async () => {
  expect(await marathon.stop()).toEqual([]);
});

interface Queue {
  queue: {
    app: { id: string };
    count: number;
    delay: { timeLeftSeconds: number; overdue: boolean };
    since: string;
  }[];
}

const queued = () => until(async () => (await marathon.call<Queue>('GET', '/v2/queue')).body.queue[0]);

describe('a command that fails', () => {
  it('is reported, delayed with backoff, and tried again', async () => {
    await marathon.call('POST', '/v2/apps', { id: 'bad', cmd: 'echo no >&2; exit 3', backoffSeconds: 30 });
    const { lastTaskFailure } = await marathon.appWhen('bad', (app) => app.lastTaskFailure !== undefined);
    expect(lastTaskFailure).toEqual({
      appId: '/bad',
      host: '127.0.0.1',
      message: 'Command exited with status 3',
      state: 'TASK_FAILED',
      taskId: expect.stringMatching(/^bad\.instance-[0-9a-f-]{36}\._app\.1$/),
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/),
      version: expect.any(String),
      slaveId: expect.any(String),
    });
    const entry = await queued();
    expect(entry).toMatchObject({ app: { id: '/bad' }, count: 1, delay: { overdue: false } });
    expect(entry.delay.timeLeftSeconds).toBeGreaterThan(25);
    expect((await marathon.app('bad')).tasks).toEqual([]);

    expect((await marathon.call('DELETE', '/v2/queue/bad/delay')).status).toBe(204);
    await marathon.appWhen('bad', (app) => app.lastTaskFailure?.taskId !== lastTaskFailure?.taskId);
    await queued();
    await marathon.call('PUT', '/v2/apps/bad?force=true', { cmd: 'exec sleep 60' });
    expect(await marathon.settled('bad')).toMatchObject({ tasksRunning: 1 });
    expect((await marathon.call<Queue>('GET', '/v2/queue')).body.queue).toEqual([]);
    // 4B.9: the last failure stays.
    expect((await marathon.app('bad')).lastTaskFailure?.message).toBe('Command exited with status 3');
  });

  it('scaling-and-schedulers case 69: is launched again after the delay by itself, and its failures add up', async () => {
    await marathon.call('POST', '/v2/apps', { id: 'bad', cmd: 'exit 1', backoffSeconds: 0.1 });
    const ids = new Set<string>();
    await until(async () => {
      const failure = (await marathon.app('bad')).lastTaskFailure;
      if (failure !== undefined) ids.add(failure.taskId);
      return ids.size >= 3 ? true : undefined;
    });
  });

  it.each([
    [{ args: ['/nonexistent/program'] }, 'Command exited with status 127'],
    [{ args: ['/etc/passwd'] }, 'Command exited with status 126'],
    [{ cmd: 'kill -SEGV $$' }, 'Command terminated with signal Segmentation fault'],
  ])('says how: %j', async (app, message) => {
    await marathon.call('POST', '/v2/apps', { id: 'bad', ...app, backoffSeconds: 60 });
    const { lastTaskFailure } = await marathon.appWhen('bad', (shown) => shown.lastTaskFailure !== undefined);
    expect(lastTaskFailure).toMatchObject({ message, state: 'TASK_FAILED' });
  });

  it('counts a finished command for the backoff, but not as a failure', async () => {
    await marathon.call('POST', '/v2/apps', { id: 'done', cmd: 'true', backoffSeconds: 60 });
    expect(await queued()).toMatchObject({ delay: { overdue: false } });
    expect((await marathon.app('done')).lastTaskFailure).toBeUndefined();
  });
});

describe('health checks (4B.8)', () => {
  it('kill an unhealthy task, report why, and replace it', async () => {
    const check = { ...FAST_CHECK, maxConsecutiveFailures: 1 };
    await marathon.call('POST', '/v2/apps', { id: 'web', cmd: WEB_SERVER, healthChecks: [check] });
    const [task] = (await marathon.settled('web')).tasks;
    const id = task?.id ?? '';
    writeFileSync(join(marathon.dataDir, 'sandboxes', id, 'status'), '503');
    const app = await marathon.appWhen('web', ({ tasks }) => tasks.some((other) => other.id !== id));
    expect(app.lastTaskFailure).toMatchObject({
      taskId: id,
      state: 'TASK_KILLED',
      message: 'Task was killed since health check failed. Reason: 503 Service Unavailable',
    });
    await marathon.appWhen(
      'web',
      ({ tasks }) => tasks.length === 1 && tasks[0]?.healthCheckResults?.[0]?.alive === true,
    );
  });

  it('scaling-and-schedulers case 70: do not kill within the grace period, and do after it', async () => {
    const check = { ...FAST_CHECK, gracePeriodSeconds: 2, maxConsecutiveFailures: 1 };
    await marathon.call('POST', '/v2/apps', { id: 'never', cmd: 'exec sleep 60', healthChecks: [check] });
    const startedAt = performance.now();
    const [task] = (await marathon.app('never')).tasks;
    const failed = await marathon.appWhen('never', (app) => app.lastTaskFailure !== undefined);
    expect(performance.now() - startedAt).toBeGreaterThan(2000);
    expect(failed.lastTaskFailure?.taskId).toBe(task?.id);
    expect(failed.deployments).toHaveLength(1);
  });

  it.each([
    [
      'COMMAND',
      {
        protocol: 'COMMAND',
        command: { value: 'test "$PORT0" -gt 0 && test -f stdout' },
        intervalSeconds: 1,
      },
    ],
    ['TCP', { protocol: 'TCP', portIndex: 0, intervalSeconds: 1 }],
    ['MESOS_HTTP', { protocol: 'MESOS_HTTP', path: '/', portIndex: 0, intervalSeconds: 1 }],
  ])('pass by %s', async (_protocol, check) => {
    await marathon.call('POST', '/v2/apps', { id: 'web', cmd: WEB_SERVER, healthChecks: [check] });
    expect(await marathon.settled('web')).toMatchObject({ tasksHealthy: 1 });
  });
});
