import { FAST_CHECK, processesOf, TestServer, until, WEB_SERVER, type ShownTask } from './test-support';

interface Deployed {
  version: string;
  deploymentId: string;
}
interface Locked {
  message: string;
  deployments?: { id: string }[];
}

let marathon: TestServer;
beforeEach(async () => {
  marathon = await TestServer.start();
});
afterEach(async () => {
  expect(await marathon.stop()).toEqual([]);
});

const webApp = { id: 'web', cmd: WEB_SERVER, ports: [0], mem: 32, cpus: 0.1, healthChecks: [FAST_CHECK] };

describe('the life of an app', () => {
  it('is created, gets healthy, grows, loses a task with scale, and is deleted', async () => {
    const created = await marathon.call<{ deployments: { id: string }[] }>('POST', '/v2/apps', webApp);
    expect(created.status).toBe(201);
    expect(created.headers.get('location')).toBe('/web');
    expect(created.headers.get('marathon-deployment-id')).toBe(created.body.deployments[0]?.id);
    // It runs when the answer is there; 4B.9: the deployment ends only once it is healthy.
    const atOnce = await marathon.app('web');
    expect(atOnce).toMatchObject({ tasksRunning: 1, instances: 1 });
    const first = (await marathon.settled('web')).tasks[0];
    expect(first).toMatchObject({ appId: '/web', host: '127.0.0.1', state: 'TASK_RUNNING' });
    expect(first?.healthCheckResults).toEqual([
      {
        alive: true,
        consecutiveFailures: 0,
        firstSuccess: expect.any(String),
        lastFailure: null,
        lastSuccess: expect.any(String),
        lastFailureCause: null,
        instanceId: first?.id.replace(/\._app\.1$/, ''),
      },
    ]);
    const page = await fetch(`http://127.0.0.1:${first?.ports[0]}/`);
    expect(await page.text()).toBe(first?.id);

    const grown = await marathon.call<Deployed>('PUT', '/v2/apps/web?force=true', {
      id: 'web',
      instances: 3,
      mem: 32,
    });
    expect(grown).toMatchObject({
      status: 200,
      body: { version: expect.any(String), deploymentId: expect.any(String) },
    });
    expect((await marathon.app('web')).instances).toBe(3);
    const three = await marathon.settled('web');
    expect(three).toMatchObject({ tasksHealthy: 3, version: grown.body.version });
    expect(three.versionInfo.lastConfigChangeAt).toBe(first?.version);
    expect(three.tasks.map((task) => task.id)).toContain(first?.id);

    const killed = await marathon.call<Deployed>(
      'DELETE',
      `/v2/apps/web/tasks/${first?.id}?scale=true&force=false`,
    );
    expect(killed.body.deploymentId).toEqual(expect.any(String));
    expect((await marathon.app('web')).instances).toBe(2);
    const two = await marathon.settled('web');
    expect(two.tasks).toHaveLength(2);
    expect(two.tasks.map((task) => task.id)).not.toContain(first?.id);

    const unknown = await marathon.call('DELETE', '/v2/apps/web/tasks/web.nothing?scale=true');
    expect(unknown).toMatchObject({ status: 200, body: { deploymentId: expect.any(String) } });
    expect((await marathon.settled('web')).instances).toBe(2);

    expect((await marathon.call('DELETE', '/v2/apps/web')).body).toHaveProperty('deploymentId');
    expect((await marathon.call('GET', '/v2/apps/web')).status).toBe(404);
    await until(async () =>
      (await marathon.call<unknown[]>('GET', '/v2/deployments')).body.length === 0 ? true : undefined,
    );
  });

  it('a task killed without scale is replaced', async () => {
    await marathon.call('POST', '/v2/apps', { ...webApp, healthChecks: [] });
    const [before] = (await marathon.settled('web')).tasks;
    const answer = await marathon.call<{ task: { id: string } }>(
      'DELETE',
      `/v2/apps/web/tasks/${before?.id}`,
    );
    expect(answer.body.task.id).toBe(before?.id);
    const after = await marathon.appWhen(
      'web',
      ({ tasks }) => tasks.length === 1 && tasks[0]?.id !== before?.id,
    );
    expect(after.instances).toBe(1);
    expect((await marathon.call('DELETE', `/v2/apps/web/tasks/${before?.id}`)).body).toEqual({
      message: `Task '${before?.id}' does not exist`,
    });
  });

  it('killCount limits how many are killed, and noOp only tells which', async () => {
    await marathon.call('POST', '/v2/apps', { id: 'many', cmd: 'exec sleep 60', ports: [0], instances: 3 });
    const ids = (await marathon.settled('many')).tasks.map(({ id }) => id);
    const ask = async (query: string) =>
      (await marathon.call<{ tasks: ShownTask[] }>('DELETE', `/v2/apps/many/tasks?${query}`)).body.tasks;
    expect((await ask('noOp=true')).map(({ id }) => id)).toEqual(ids);
    expect((await ask('noOp=true&killCount=2')).map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect((await marathon.app('many')).tasks.map(({ id }) => id)).toEqual(ids);
    expect((await ask('killCount=1')).map(({ id }) => id)).toEqual(ids.slice(0, 1));
    const replaced = await marathon.appWhen(
      'many',
      ({ tasks, tasksRunning }) => tasksRunning === 3 && !tasks.some(({ id }) => id === ids[0]),
    );
    expect(replaced.tasks.map(({ id }) => id)).toEqual(expect.arrayContaining(ids.slice(1)));
    await marathon.call('DELETE', '/v2/apps/many/tasks?killCount=2&scale=true');
    expect((await marathon.settled('many')).instances).toBe(1);
    expect(await marathon.call('DELETE', '/v2/apps/many/tasks?killCount=x')).toMatchObject({
      status: 400,
      body: { message: "Invalid value 'x' for the query parameter 'killCount'" },
    });
  });

  it('runs args without a shell, with disk null, in a sandbox of its own', async () => {
    const args = ['/bin/sh', '-c', 'pwd; echo "$0 $1 $TOKEN"; sleep 60', '$PORT0', 'a b'];
    await marathon.call('POST', '/v2/apps', { id: 'args', args, env: { TOKEN: 'x y' }, disk: null });
    const { tasks } = await marathon.settled('args');
    const path = `${tasks[0]?.id}/stdout`;
    const text = await until(async () => {
      const read = await marathon.call<{ data: string }>('GET', `/files/read?path=${path}&offset=0`);
      return read.body.data.includes('x y') ? read.body.data : undefined;
    });
    expect(text).toBe(`${marathon.dataDir}/sandboxes/${tasks[0]?.id}\n$PORT0 a b x y\n`);
  });
});

describe('deployments', () => {
  const stuck = { ...webApp, id: 'stuck', cmd: 'exec sleep 60' };

  it('lock their app while it does not get healthy; force overrides (4B.9)', async () => {
    await marathon.call('POST', '/v2/apps', stuck);
    const [deployment] = (await marathon.call<Record<string, unknown>[]>('GET', '/v2/deployments')).body;
    expect(deployment).toMatchObject({
      affectedApps: ['/stuck'],
      affectedPods: [],
      steps: [
        { actions: [{ action: 'StartApplication', app: '/stuck' }] },
        { actions: [{ action: 'ScaleApplication', app: '/stuck' }] },
      ],
      currentActions: [{ action: 'ScaleApplication', app: '/stuck', readinessCheckResults: [] }],
      currentStep: 2,
      totalSteps: 2,
    });
    const task = (await marathon.app('stuck')).tasks[0];
    for (const [method, path, body] of [
      ['PUT', '/v2/apps/stuck', { instances: 2 }],
      ['DELETE', `/v2/apps/stuck/tasks/${task?.id}?scale=true`, undefined],
      ['POST', '/v2/apps/stuck/restart', undefined],
      ['DELETE', '/v2/apps/stuck?force=false', undefined],
    ] as const) {
      const locked = await marathon.call<Locked>(method, path, body);
      expect(locked.status).toBe(409);
      expect(locked.body.message).toMatch(/^App is locked by one or more deployments\. Override with/);
      expect(locked.body.deployments).toEqual([{ id: deployment?.['id'] }]);
    }
    const exists = await marathon.call<Locked>('POST', '/v2/apps', stuck);
    expect(exists).toMatchObject({
      status: 409,
      body: { message: 'An app with id [/stuck] already exists.' },
    });
    expect(exists.body.deployments).toBeUndefined();

    const forced = await marathon.call<Deployed>('PUT', '/v2/apps/stuck?force=true', { instances: 2 });
    expect(forced.status).toBe(200);
    expect((await marathon.app('stuck')).deployments).toEqual([{ id: forced.body.deploymentId }]);
    const cancelled = await marathon.call('DELETE', `/v2/deployments/${forced.body.deploymentId}?force=true`);
    expect([cancelled.status, cancelled.body]).toEqual([202, '']);
    expect(await marathon.app('stuck')).toMatchObject({ deployments: [], instances: 2, tasksRunning: 2 });
  });

  it('are reverted when cancelled without force', async () => {
    await marathon.call('POST', '/v2/apps', webApp);
    await marathon.settled('web');
    const broken = await marathon.call<Deployed>('PUT', '/v2/apps/web', { cmd: 'exec sleep 60' });
    const revert = await marathon.call<Deployed>('DELETE', `/v2/deployments/${broken.body.deploymentId}`);
    expect(revert.body.deploymentId).not.toBe(broken.body.deploymentId);
    expect(await marathon.settled('web')).toMatchObject({
      cmd: WEB_SERVER,
      tasksHealthy: 1,
      version: revert.body.version,
    });
    await marathon.call('POST', '/v2/apps', stuck);
    const [creation] = (await marathon.app('stuck')).deployments;
    await marathon.call('DELETE', `/v2/deployments/${creation?.id}`);
    expect((await marathon.call('GET', '/v2/apps/stuck')).status).toBe(404);
  });

  it('replace every task on a config change without going below the instances, and roll back by version', async () => {
    await marathon.call('POST', '/v2/apps', { ...webApp, instances: 2 });
    const before = await marathon.settled('web');
    await marathon.call('PUT', '/v2/apps/web', { env: { A: 'b' } });
    const during = await marathon.appWhen('web', (app) => app.tasks.length > 2);
    expect(during.tasks.map((task) => task.id)).toEqual(
      expect.arrayContaining(before.tasks.map((task) => task.id)),
    );
    const after = await marathon.settled('web');
    expect(after.tasks).toHaveLength(2);
    expect(new Set(after.tasks.map((task) => task.version))).toEqual(new Set([after.version]));

    const versions = await marathon.call<{ versions: string[] }>('GET', '/v2/apps/web/versions');
    expect(versions.body.versions).toEqual([after.version, before.version]);
    expect((await marathon.call('GET', `/v2/apps/web/versions/${before.version}`)).body).toMatchObject({
      env: {},
    });
    await marathon.call('PUT', '/v2/apps/web', { version: before.version });
    expect(await marathon.settled('web')).toMatchObject({ env: {}, tasksHealthy: 2 });
    await marathon.call('POST', '/v2/apps/web/restart');
    const restarted = await marathon.settled('web');
    expect(restarted.tasks.every((task) => !after.tasks.some((old) => old.id === task.id))).toBe(true);
  });

  it('replace tasks without health checks as soon as the new ones run', async () => {
    await marathon.call('POST', '/v2/apps', { ...webApp, healthChecks: [], instances: 3 });
    const before = await marathon.settled('web');
    await marathon.call('PUT', '/v2/apps/web', { env: { A: 'b' } });
    const after = await marathon.settled('web');
    expect(after.tasks).toHaveLength(3);
    expect(after.tasks.some(({ id }) => before.tasks.some((old) => old.id === id))).toBe(false);
  });

  it('take an app as it was read where all of it is meant, and no more than a version where part is', async () => {
    await marathon.call('POST', '/v2/apps', { id: 'a', cmd: 'exec sleep 60', ports: [], env: { A: 'b' } });
    const { env, ...read } = await marathon.settled('a');
    expect((await marathon.call('PUT', '/v2/apps/a', { ...read, env })).status).toBe(422);
    const whole = await marathon.call('PUT', '/v2/apps/a?partialUpdate=false', { ...read, env });
    expect(whole.status).toBe(200);
    expect((await marathon.settled('a')).version).toBe(read.version);
    await marathon.call('PUT', '/v2/apps?partialUpdate=false', [read]);
    expect(await marathon.settled('a')).toMatchObject({ env: {}, tasksRunning: 1 });
  });

  it('change several apps at once by an array', async () => {
    const apps = ['a', 'b'].map((id) => ({ id, cmd: 'exec sleep 60', ports: [] }));
    const answer = await marathon.call<Deployed>('PUT', '/v2/apps', apps);
    expect(answer.status).toBe(200);
    expect((await marathon.settled('a')).tasksRunning + (await marathon.settled('b')).tasksRunning).toBe(2);
    const patched = await marathon.call('PATCH', '/v2/apps', [
      { id: 'a', instances: 0 },
      { id: 'c', cmd: 'x' },
    ]);
    expect(patched).toMatchObject({ status: 404, body: { message: "App '/c' does not exist" } });
    expect((await marathon.app('a')).instances).toBe(1);
    await marathon.call('PATCH', '/v2/apps', [{ id: 'a', instances: 0 }]);
    expect((await marathon.settled('a')).tasks).toEqual([]);
  });
});

it('gives a killed task its grace period, and the whole group its SIGTERM', async () => {
  const cmd =
    'trap "" TERM; (trap "echo bye >> said; exit" TERM; echo hi >> said; while :; do sleep 0.05; done) & while :; do sleep 0.05; done';
  await marathon.call('POST', '/v2/apps', { id: 'slow', cmd, ports: [], taskKillGracePeriodSeconds: 1 });
  const [task] = (await marathon.settled('slow')).tasks;
  const said = async (): Promise<string> =>
    (await marathon.call<{ data: string }>('GET', `/files/read?path=${task?.id}/said&offset=0`)).body.data;
  // Only from here on does it ignore the signal.
  await until(async () => ((await said()) === 'hi\n' ? true : undefined));
  const startedAt = performance.now();
  await marathon.call('DELETE', '/v2/apps/slow');
  await until(async () =>
    (await marathon.call<unknown[]>('GET', '/v2/deployments')).body.length === 0 ? true : undefined,
  );
  expect(performance.now() - startedAt).toBeGreaterThan(900);
  expect(await said()).toBe('hi\nbye\n');
});

it('scaling-and-schedulers case 74: a task and all its children are gone after its kill, though none heeds SIGTERM', async () => {
  // A shell and three sleeps: what is ignored when a program begins, it goes on to ignore.
  const cmd = 'trap "" TERM; sleep 300 & sleep 301 & sleep 302 & wait';
  const app = { id: 'family', cmd, ports: [], taskKillGracePeriodSeconds: 1 };
  await marathon.call('POST', '/v2/apps', app);
  await until(() => (processesOf(marathon.dataDir).length === 4 ? true : undefined));
  await marathon.call('DELETE', '/v2/apps/family');
  await until(() => (processesOf(marathon.dataDir).length === 0 ? true : undefined));
});
