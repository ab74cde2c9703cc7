import { TestServer } from './test-support';

interface Group {
  id: string;
  apps: { id: string; instances: number; dependencies: string[]; env: Record<string, string> }[];
  groups: Group[];
  dependencies: string[];
  version: string;
}
interface Deployed {
  version: string;
  deploymentId: string;
}

let marathon: TestServer;
beforeEach(async () => {
  marathon = await TestServer.start();
});
afterEach(async () => {
  expect(await marathon.stop()).toEqual([]);
});

const sleeper = { cmd: 'exec sleep 60', ports: [], mem: 16 };
const product = {
  id: '/product',
  groups: [
    { id: 'database', apps: [{ ...sleeper, id: 'mongo' }] },
    {
      id: 'service',
      dependencies: ['/product/database'],
      apps: [
        { ...sleeper, id: 'rails', dependencies: ['../legacy'] },
        { ...sleeper, id: 'play' },
      ],
    },
  ],
};
const group = async (id: string): Promise<Group> =>
  (await marathon.call<Group>('GET', `/v2/groups/${id}`)).body;
const deployed = async (method: string, path: string, body?: unknown): Promise<Deployed> => {
  const answer = await marathon.call<Deployed>(method, path, body);
  expect(answer.body).toEqual({ version: expect.any(String), deploymentId: expect.any(String) });
  expect(answer.headers.get('marathon-deployment-id')).toBe(answer.body.deploymentId);
  return answer.body;
};
const settle = async (...ids: string[]): Promise<void> => {
  for (const id of ids) await marathon.settled(id);
};
const ALL = ['product/database/mongo', 'product/service/rails', 'product/service/play'];

describe('a group', () => {
  it('is created with everything below it, dependencies first, and shown as a tree', async () => {
    const steps = await marathon.call<{ steps: { actions: { action: string; app: string }[] }[] }>(
      'PUT',
      '/v2/groups?dryRun=true',
      product,
    );
    const seen = steps.body.steps.map(({ actions }) => actions.map(({ action, app }) => `${action} ${app}`));
    expect(seen).toEqual([
      [...ALL.map((app) => `StartApplication /${app}`)],
      ['ScaleApplication /product/database/mongo'],
      ['ScaleApplication /product/service/rails', 'ScaleApplication /product/service/play'],
    ]);
    expect((await marathon.call('GET', '/v2/groups/product')).status).toBe(404);

    const created = await marathon.call<Deployed>('POST', '/v2/groups', product);
    expect([created.status, created.headers.get('location')]).toEqual([201, '/product']);
    await settle(...ALL);
    expect(await group('product')).toMatchObject({
      id: '/product',
      apps: [],
      version: created.body.version,
      groups: [
        { id: '/product/database', apps: [{ id: '/product/database/mongo' }] },
        {
          id: '/product/service',
          dependencies: ['/product/database'],
          apps: [
            { id: '/product/service/rails', dependencies: ['/product/legacy'] },
            { id: '/product/service/play' },
          ],
        },
      ],
    });
    expect(await marathon.call('POST', '/v2/groups', product)).toMatchObject({
      status: 409,
      body: { message: 'Group /product is already created. Use PUT to change this group.' },
    });
    const listed = await marathon.call<{ '*': unknown[] }>('GET', '/v2/apps/product/*');
    expect(listed.body['*']).toHaveLength(3);
  });

  it('keeps what an update leaves out, and loses what it does not name', async () => {
    await marathon.call('POST', '/v2/groups', product);
    await settle(...ALL);
    const apps = [
      { ...sleeper, id: 'play', env: { A: 'b' } },
      { ...sleeper, id: '/product/service/go' },
    ];
    await deployed('PUT', '/v2/groups/product/service', { apps });
    await settle('product/service/play', 'product/service/go');
    const service = await group('product/service');
    expect(service.apps.map(({ id, env }) => [id, env])).toEqual([
      ['/product/service/play', { A: 'b' }],
      ['/product/service/go', {}],
    ]);
    expect(service.dependencies).toEqual(['/product/database']);
    await settle('product/database/mongo');
  });

  it('is scaled by a factor and goes back to a version', async () => {
    const { version } = await deployed('POST', '/v2/groups', {
      id: 'g',
      apps: [
        { ...sleeper, id: 'a' },
        { ...sleeper, id: 'b', instances: 2 },
      ],
    });
    await settle('g/a', 'g/b');
    await deployed('PUT', '/v2/groups/g', { scaleBy: 1.5 });
    await settle('g/a', 'g/b');
    expect((await group('g')).apps.map(({ instances }) => instances)).toEqual([2, 3]);
    const versions = (await marathon.call<string[]>('GET', '/v2/groups/g/versions')).body;
    expect(versions).toHaveLength(2);
    expect(versions[1]).toBe(version);
    const then = await marathon.call<Group>('GET', `/v2/groups/g/versions/${version}`);
    expect(then.body.apps.map(({ instances }) => instances)).toEqual([1, 2]);
    await deployed('PUT', '/v2/groups/g', { version });
    await settle('g/a', 'g/b');
    expect((await group('g')).apps.map(({ instances }) => instances)).toEqual([1, 2]);
    expect(await marathon.call('PUT', '/v2/groups/g', { version: 'x' })).toMatchObject({
      status: 404,
      body: { message: "Group '/g' does not exist" },
    });
  });

  it('is named below the path of an update where its id is relative', async () => {
    await deployed('PUT', '/v2/groups/g', { id: 'inner', apps: [{ ...sleeper, id: 'x' }] });
    await settle('g/inner/x');
    await deployed('PUT', '/v2/groups/g', { id: '/g', apps: [{ ...sleeper, id: 'y' }] });
    await settle('g/y');
    expect(await group('g')).toMatchObject({ apps: [{ id: '/g/y' }], groups: [{ id: '/g/inner' }] });
  });

  it('enforces its role or does not, and says so', async () => {
    await deployed('POST', '/v2/groups', { id: '/g', enforceRole: true, groups: [{ id: 'inner' }] });
    expect(await group('g')).toMatchObject({ enforceRole: true });
    expect((await group('g')).groups[0]).not.toHaveProperty('enforceRole');
    await deployed('PUT', '/v2/groups/g', { apps: [] });
    expect(await group('g')).toMatchObject({ enforceRole: true });
    const patched = await marathon.call('PATCH', '/v2/groups/g', { enforceRole: false });
    expect([patched.status, patched.body]).toEqual([200, '']);
    expect(await group('g')).toMatchObject({ enforceRole: false });
    expect((await marathon.call('PATCH', '/v2/groups/', { enforceRole: true })).status).toBe(422);
  });

  it('stays when it is empty, and goes with everything below it when it is deleted', async () => {
    await deployed('POST', '/v2/groups', { id: '/empty' });
    await deployed('POST', '/v2/groups/empty', { id: 'inner', apps: [{ ...sleeper, id: 'x' }] });
    await settle('empty/inner/x');
    await marathon.call('DELETE', '/v2/apps/empty/inner/x');
    expect(await group('empty')).toMatchObject({ groups: [{ id: '/empty/inner', apps: [] }] });
    await deployed('DELETE', '/v2/groups/empty?force=true');
    expect((await marathon.call('GET', '/v2/groups/empty/inner')).status).toBe(404);
    await deployed('DELETE', '/v2/groups');
  });

  it.each([
    [
      'an app elsewhere',
      { id: 'g', apps: [{ ...sleeper, id: '/a' }] },
      { path: '/apps(0)/id', errors: ['identifier /a is not child of /g. Hint: use relative paths.'] },
    ],
    [
      'a circle',
      {
        id: 'g',
        apps: [
          { ...sleeper, id: 'a', dependencies: ['b'] },
          { ...sleeper, id: 'b', dependencies: ['a'] },
        ],
      },
      { path: '/', errors: ['Dependency graph has cyclic dependencies.'] },
    ],
    [
      'an app and a group of one name',
      { id: 'g', apps: [{ ...sleeper, id: 'a' }], groups: [{ id: 'a' }] },
      { path: '/', errors: ['Groups and Applications may not have the same identifier: /g/a'] },
    ],
    ['a name that cannot be', { id: 'G_', apps: [] }, { path: '/id' }],
  ])('is refused with %s', async (_what, body, detail) => {
    expect(await marathon.call('POST', '/v2/groups', body)).toMatchObject({
      status: 422,
      body: { message: 'Object is not valid', details: [detail] },
    });
    expect(await group('')).toMatchObject({ apps: [], groups: [] });
  });

  it('cannot be where an app is, nor an app where a group is', async () => {
    await marathon.call('POST', '/v2/apps', { ...sleeper, id: '/g/a' });
    await settle('g/a');
    expect((await marathon.call('POST', '/v2/groups', { id: '/g/a' })).status).toBe(409);
    expect((await marathon.call('POST', '/v2/apps', { ...sleeper, id: '/g' })).status).toBe(422);
    const below = [
      ['POST', '/v2/apps', { ...sleeper, id: '/g/a/b' }],
      ['PUT', '/v2/apps/g/a/b/c', sleeper],
      ['POST', '/v2/groups', { id: '/g/a/b' }],
    ] as const;
    for (const [method, path, body] of below) {
      const errors = ['Groups and Applications may not have the same identifier: /g/a'];
      expect(await marathon.call(method, path, body)).toMatchObject({
        status: 422,
        body: { message: 'Object is not valid', details: [{ path: '/', errors }] },
      });
    }
    expect((await marathon.call('PUT', '/v2/apps/g/a', { instances: 0 })).status).toBe(200);
  });

  it('outlives a restart', async () => {
    await marathon.stop();
    marathon = await TestServer.start({ keepTasks: true });
    await deployed('POST', '/v2/groups', { id: '/empty', dependencies: ['/other'] });
    await marathon.restart();
    expect(await group('empty')).toMatchObject({ dependencies: ['/other'] });
  });
});
