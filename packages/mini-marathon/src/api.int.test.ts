import { realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ShownApp, ShownTask } from './test-support';
import { TestServer } from './test-support';

let marathon: TestServer;
beforeAll(async () => {
  marathon = await TestServer.start();
  const sleeper = { cmd: 'echo hello; exec sleep 60', mem: 16, cpus: 0.1 };
  await marathon.call('POST', '/v2/apps', {
    ...sleeper,
    id: '/group/one',
    ports: [0, 0],
    labels: { env: 'prod' },
  });
  await marathon.call('POST', '/v2/apps', { ...sleeper, id: 'two', cmd: 'exec sleep 61', ports: [] });
  await marathon.settled('group/one');
  await marathon.settled('two');
});
afterAll(async () => {
  expect(await marathon.stop()).toEqual([]);
});

const get = <T>(path: string, headers: Record<string, string> = {}) =>
  marathon.call<T>('GET', path, undefined, headers);

describe('answers in general', () => {
  it('have the headers of 4B.1', async () => {
    const { headers } = await get('/v2/apps');
    expect(headers.get('x-marathon-leader')).toBe(marathon.server.url);
    expect(headers.get('cache-control')).toBe('no-cache, no-store, must-revalidate');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-powered-by')).toBeNull();
  });

  it.each([
    ['GET', '/v2/nowhere', undefined, 500, { message: 'URI not found' }],
    ['GET', '/v2/apps/none', undefined, 404, { message: "App '/none' does not exist" }],
    ['DELETE', '/v2/apps/none', undefined, 404, { message: "App '/none' does not exist" }],
    ['GET', '/v2/apps/none/tasks', undefined, 404, { message: "App '/none' does not exist" }],
    ['DELETE', '/v2/apps/none/tasks/t?scale=true', undefined, 404, { message: "App '/none' does not exist" }],
    ['PATCH', '/v2/apps/none', '{"instances":1}', 404, { message: "App '/none' does not exist" }],
    ['GET', '/v2/groups/none', undefined, 404, { message: "Group '/none' does not exist" }],
    ['DELETE', '/v2/deployments/d', undefined, 404, { message: 'DeploymentPlan d does not exist' }],
    ['DELETE', '/v2/queue/x/delay', undefined, 404, { message: 'Application /x not found in tasks queue.' }],
    [
      'DELETE',
      '/v2/apps/two/tasks?scale=true&wipe=true',
      undefined,
      400,
      { message: 'You cannot use scale and wipe at the same time.' },
    ],
    [
      'POST',
      '/v2/tasks/delete',
      '{"ids":["x"]}',
      400,
      { message: expect.stringMatching(/^Invalid task id 'x'\. \[.+\]$/) },
    ],
    ['POST', '/v2/apps', '{', 400, { message: 'Invalid JSON', details: expect.any(String) }],
    [
      'PUT',
      '/v2/apps/two',
      '{"version":"1","instances":2}',
      422,
      { message: 'Object is not valid', details: expect.any(Array) },
    ],
    ['POST', '/v2/groups', '{"apps": 1}', 422, { message: 'Invalid JSON', details: expect.any(Array) }],
    ['GET', '/v2/groups/none/versions', undefined, 404, { message: "Group '/none' does not exist" }],
    ['POST', '/v2/groups', '{"id":"/two"}', 409, { message: 'An app with the path /two already exists.' }],
    [
      'POST',
      '/v2/groups',
      '{"id":"/group"}',
      409,
      { message: expect.stringMatching(/^Group \/group is already/) },
    ],
    [
      'GET',
      '/v2/groups/group/versions/2001-01-01T00:00:00.000Z',
      undefined,
      404,
      { message: "Group '/group' does not exist" },
    ],
    [
      'GET',
      '/v2/apps/two/versions/2001-01-01T00:00:00.000Z',
      undefined,
      404,
      { message: "App '/two' does not exist in version 2001-01-01T00:00:00.000Z" },
    ],
    [
      'PUT',
      '/v2/apps/two',
      '{"version":"2001-01-01T00:00:00.000Z"}',
      404,
      { message: "App '/two' does not exist" },
    ],
    ['GET', '/v2/apps/none/*/tasks', undefined, 404, { message: "Group '/none' does not exist" }],
    ['PATCH', '/v2/groups/none', '{"enforceRole":true}', 404, { message: "Group '/none' does not exist" }],
    [
      'PATCH',
      '/v2/groups/group',
      '{"enforceRole":1}',
      422,
      { message: 'Invalid JSON', details: expect.any(Array) },
    ],
    ['DELETE', '/v2/groups/none', undefined, 404, { message: "Group '/none' does not exist" }],
    ['PUT', '/v2/info', '{}', 405, { message: 'HTTP 405 Method Not Allowed' }],
    ['PUT', '/v2/deployments', '[]', 405, { message: 'HTTP 405 Method Not Allowed' }],
  ])('%s %s fails with %s', async (method, path, body, status, expected) => {
    expect(await marathon.call(method, path, body)).toMatchObject({ status, body: expected });
  });
});

it('says what may be done with a resource, and that something may not', async () => {
  for (const [method, path, allowed] of [
    ['PATCH', '/v2/info', 'GET, HEAD, OPTIONS'],
    ['POST', '/v2/queue', 'GET, HEAD, OPTIONS'],
    ['GET', '/v2/tasks/delete', 'POST, OPTIONS'],
    ['GET', '/v2/deployments/d', 'DELETE, OPTIONS'],
    ['DELETE', '/v2/apps', 'GET, HEAD, POST, PUT, PATCH, OPTIONS'],
    ['PUT', '/v2/apps/two/restart', 'POST, OPTIONS'],
  ] as const) {
    const { status, headers, body } = await marathon.call(method, path);
    expect([status, headers.get('allow')]).toEqual([405, allowed]);
    expect(body).toEqual({ message: 'HTTP 405 Method Not Allowed' });
    const options = await marathon.call('OPTIONS', path);
    expect([options.status, options.headers.get('allow')]).toEqual([204, allowed]);
  }
  const { status, headers } = await marathon.call('HEAD', '/v2/apps/two');
  expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
});

it('has no pods: lists none, and says so to who would make or know one', async () => {
  expect((await marathon.call('HEAD', '/v2/pods')).status).toBe(404);
  expect((await get('/v2/pods')).body).toEqual([]);
  expect((await get('/v2/pods/::status')).body).toEqual([]);
  const made = await marathon.call('POST', '/v2/pods', { id: '/pod', containers: [] });
  const details = [{ path: '/', errors: [expect.stringContaining('runs apps only')] }];
  expect([made.status, made.body]).toEqual([422, { message: 'Object is not valid', details }]);
  for (const path of ['/v2/pods/a/b', '/v2/pods/a/b::status', '/v2/pods/a/b::versions']) {
    expect(await get(path)).toMatchObject({ status: 404, body: { message: "Pod '/a/b' does not exist" } });
  }
  expect((await marathon.call('DELETE', '/v2/pods/a/b')).status).toBe(404);
});

it('takes JSON by whatever name a forgotten header gives it, and refuses what says it is something else', async () => {
  const patch = (type: string) =>
    marathon.call('PATCH', '/v2/apps/two', '{"instances": 1}', { 'content-type': type });
  for (const type of ['application/json; charset=utf-8', 'application/x-www-form-urlencoded', 'text/plain']) {
    expect((await patch(type)).status).toBe(200);
  }
  expect(await patch('application/xml')).toMatchObject({
    status: 415,
    body: { message: 'HTTP 415 Unsupported Media Type' },
  });
});

describe('GET /v2/apps', () => {
  it.each([
    ['', ['/group/one', '/two']],
    ['?id=GROUP', ['/group/one']],
    ['?cmd=61', ['/two']],
    ['?label=env==prod', ['/group/one']],
    ['?label=env!=prod', []],
  ])('filters %s', async (query, ids) => {
    const { body } = await get<{ apps: ShownApp[] }>(`/v2/apps${query}`);
    expect(body.apps.map((app) => app.id)).toEqual(ids);
  });

  it.each(['', 'app.', 'apps.', 'group.apps.'])('embeds with the prefix "%s"', async (prefix) => {
    const query = `embed=${prefix}tasks&embed=${prefix}taskStats&embed=${prefix}readiness`;
    const [app] = (await get<{ apps: ShownApp[] }>(`/v2/apps?${query}`)).body.apps;
    expect(app).toMatchObject({
      tasksStaged: 0,
      tasksRunning: 1,
      tasksHealthy: 0,
      tasksUnhealthy: 0,
      deployments: [],
      readinessCheckResults: [],
      tasks: [{ appId: '/group/one', ports: [expect.any(Number), expect.any(Number)] }],
      taskStats: {
        totalSummary: { stats: { counts: { running: 1 }, lifeTime: { averageSeconds: expect.any(Number) } } },
      },
    });
    expect((await get<{ apps: ShownApp[] }>('/v2/apps')).body.apps[0]).not.toHaveProperty('tasks');
  });

  it('shows every default of an app (4B.3)', async () => {
    const { body } = await get<{ app: ShownApp }>('/v2/apps//two');
    expect(body.app).toMatchObject({
      id: '/two',
      env: {},
      instances: 1,
      disk: 0,
      gpus: 0,
      executor: '',
      constraints: [],
      fetch: [],
      backoffSeconds: 1,
      backoffFactor: 1.15,
      maxLaunchDelaySeconds: 300,
      healthChecks: [],
      readinessChecks: [],
      dependencies: [],
      upgradeStrategy: { minimumHealthCapacity: 1, maximumOverCapacity: 1 },
      labels: {},
      requirePorts: false,
      killSelection: 'YOUNGEST_FIRST',
      unreachableStrategy: { inactiveAfterSeconds: 0, expungeAfterSeconds: 0 },
      portDefinitions: [],
      networks: [{ mode: 'host' }],
      role: '*',
      tasks: [
        {
          id: expect.any(String),
          localVolumes: [],
          ipAddresses: [{ ipAddress: '127.0.0.1', protocol: 'IPv4' }],
        },
      ],
    });
  });

  it('lists a group by star', async () => {
    expect((await get<{ '*': ShownApp[] }>('/v2/apps/group/*')).body['*'].map((app) => app.id)).toEqual([
      '/group/one',
    ]);
  });
});

describe('tasks', () => {
  it('are listed over all apps, by status and as text', async () => {
    const all = (await get<{ tasks: (ShownTask & { servicePorts: number[] })[] }>('/v2/tasks?status=running'))
      .body.tasks;
    expect(all.map((task) => [task.appId, task.servicePorts.length])).toEqual([
      ['/group/one', 2],
      ['/two', 0],
    ]);
    expect((await get<{ tasks: unknown[] }>('/v2/tasks?status[]=staging')).body.tasks).toEqual([]);
    const text = await get<string>('/v2/tasks', { accept: 'text/plain' });
    const [one] = all;
    expect(text.body).toBe(
      `group_one\t${one?.servicePorts[0]}\t127.0.0.1:${one?.ports[0]}\t\n` +
        `group_one\t${one?.servicePorts[1]}\t127.0.0.1:${one?.ports[1]}\t\ntwo\t \t127.0.0.1 \n`,
    );
  });
});

describe('informational resources', () => {
  it('answer ping, info, leader and metrics', async () => {
    expect((await get('/ping', { accept: 'text/plain' })).body).toBe('pong');
    const leader = marathon.server.url.slice('http://'.length);
    expect((await get('/v2/info')).body).toMatchObject({
      name: 'marathon',
      elected: true,
      leader,
      frameworkId: expect.stringMatching(/-0000$/),
      http_config: { http_port: marathon.server.port },
    });
    expect((await get('/v2/leader')).body).toEqual({ leader });
    expect((await get<string>('/metrics/prometheus')).body).toContain('marathon_apps_active_gauge 2');
    expect((await get('/metrics')).body).toMatchObject({
      gauges: { 'marathon.instances.running.gauge': { value: 2 } },
    });
  });

  it('show the tree of groups', async () => {
    expect((await get('/v2/groups')).body).toMatchObject({
      id: '/',
      apps: [{ id: '/two' }],
      groups: [{ id: '/group', apps: [{ id: '/group/one' }], groups: [], dependencies: [], pods: [] }],
    });
    expect((await get<ShownApp[]>('/v2/groups/group/apps')).body.map(({ id }) => id)).toEqual(['/group/one']);
    expect((await get<ShownApp[]>('/v2/groups/apps')).body).toHaveLength(2);
    expect((await get('/v2/groups/group?embed=group.apps&embed=group.apps.tasks')).body).toMatchObject({
      apps: [{ tasks: [{ appId: '/group/one' }] }],
    });
  });
});

describe('the files API (4A.9)', () => {
  it('browses, reads and downloads sandboxes, by every form of path', async () => {
    const id = (await marathon.app('group/one')).tasks[0]?.id ?? '';
    const state = await get<{
      flags: { work_dir: string };
      frameworks: { name: string; executors: { id: string; directory: string }[] }[];
    }>('/state.json');
    const directory =
      state.body.frameworks[0]?.executors.find((executor) => executor.id === id)?.directory ?? '';
    const { frameworkId } = (await get<{ frameworkId: string }>('/v2/info')).body;
    const { slaveId } = (await get<{ tasks: { slaveId: string }[] }>('/v2/tasks')).body.tasks[0] ?? {};
    expect(state.body.flags.work_dir).toBe(marathon.dataDir);
    const runs = `${marathon.dataDir}/slaves/${slaveId}/frameworks/${frameworkId}/executors/${id}/runs`;
    expect(dirname(directory)).toBe(runs);
    const sandbox = join(marathon.dataDir, 'sandboxes', id);
    expect([realpathSync(`${runs}/latest`), realpathSync(directory)]).toEqual([sandbox, sandbox]);
    for (const path of [
      directory,
      sandbox,
      id,
      `/agent/slaves/S0/frameworks/f/executors/${id}/runs/latest`,
    ]) {
      const files = await get<{ path: string; nlink: number; size: number }[]>(`/files/browse?path=${path}`);
      expect(files.body.map((file) => [file.path, file.nlink])).toEqual([
        [`${path}/stderr`, 1],
        [`${path}/stdout`, 1],
      ]);
      const download = await get<string>(`/files/download?path=${path}/stdout`);
      expect(Buffer.from(download.body).toString()).toBe('hello\n');
    }
    expect((await get(`/files/read?path=${id}/stdout&offset=1&length=3`)).body).toEqual({
      data: 'ell',
      offset: 1,
    });
    expect((await get(`/files/read?path=${id}/stdout&offset=-1`)).body).toEqual({ data: '', offset: 6 });
  });

  it('refuses what lies outside the sandboxes', async () => {
    const id = (await marathon.app('two')).tasks[0]?.id ?? '';
    symlinkSync('/etc/passwd', join(marathon.dataDir, 'sandboxes', id, 'link'));
    const outside = [
      '/etc/passwd',
      '../tasks.json',
      `${id}/../../tasks.json`,
      `${id}/link`,
      '..%2F..%2Ftasks.json',
    ];
    for (const path of [...outside, `/executors/${id}/runs/latest/../../../tasks.json`]) {
      for (const verb of ['browse', 'read', 'download']) {
        expect((await get(`/files/${verb}?path=${path}&offset=0`)).status).toBe(403);
      }
    }
    expect((await get(`/files/browse?path=${id}/none`)).status).toBe(404);
    expect((await get('/files/browse')).status).toBe(400);
  });
});

it('asks for a name and a password where it has been given some; /ping and the files of the agent stay open', async () => {
  const guarded = await TestServer.start({ credentials: 'waiter:s:cret' });
  try {
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    for (const headers of [
      {},
      basic('waiter:other'),
      basic('waiter'),
      { authorization: 'Bearer waiter:s:cret' },
    ]) {
      const refused = await guarded.call('GET', '/v2/apps', undefined, headers);
      expect([refused.status, refused.body]).toEqual([401, { message: 'HTTP 401 Unauthorized' }]);
      expect(refused.headers.get('www-authenticate')).toBe('Basic realm="Mesosphere"');
      expect((await guarded.call('GET', '/metrics', undefined, headers)).status).toBe(401);
    }
    expect((await guarded.call('GET', '/v2/apps', undefined, basic('waiter:s:cret'))).status).toBe(200);
    for (const path of ['/ping', '/state.json']) expect((await guarded.call('GET', path)).status).toBe(200);
  } finally {
    expect(await guarded.stop()).toEqual([]);
  }
});
