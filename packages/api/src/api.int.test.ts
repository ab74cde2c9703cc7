import { randomUUID } from 'node:crypto';
import supertest from 'supertest';
import { loadConfig } from '@waiter/config';
import { Entitlement, oneUser, SimpleEntitlementManager, systemClock } from '@waiter/core';
import type { Instance, Json, TokenData } from '@waiter/core';
import { createMetrics, silentLogger } from '@waiter/observability';
import { Queues, Store } from '@waiter/store';
import { startRedis } from '@waiter/testkit';
import type { RedisServer } from '@waiter/testkit';
import { createApi } from '.';
import type { ApiDeps } from '.';

const USER = 'sam';
const cluster = 'c1';
let redis: RedisServer;
let store: Store;
let queues: Queues;
let draining = false;
let deps: ApiDeps;

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster });
  queues = new Queues({ url: redis.url, cluster });
  const config = loadConfig({
    flags: { 'cluster-name': cluster, 'router-user': USER, passwords: 'hunter2', redis: redis.url },
    machine: { hostname: 'box', username: USER, unique: 'abc123' },
  });
  deps = {
    store,
    queues,
    config,
    logger: silentLogger,
    metrics: createMetrics(),
    clock: systemClock,
    authenticator: oneUser(USER),
    entitlement: new Entitlement(new SimpleEntitlementManager(USER)),
    routerId: 'r1',
    port: 9091,
    startedAtMs: Date.now(),
    version: '0123456789abcdef',
    isDraining: () => draining,
  };
});
afterAll(async () => {
  await queues.close();
  await store.close();
  await redis.stop();
});

const api = () => supertest(createApi(deps));
const description = (parts: Record<string, Json> = {}): Record<string, Json> => ({
  cmd: 'run',
  cpus: 0.1,
  mem: 256,
  version: '1',
  'run-as-user': USER,
  ...parts,
});

/** A service as a router would store it, with a request on record. */
async function service(parts: Record<string, Json> = {}, sources: { token: string; version: string }[] = []) {
  const id = `waiter-service-${randomUUID()}`;
  const core = description(parts);
  const effective = { 'concurrency-level': 1, permitted: '*', ...core };
  await store.services.ensure({ id, description: core, effective, sourceTokens: sources });
  await publish(id, []);
  return id;
}

function instance(serviceId: string, n: number, healthy: boolean): Instance & { draining: boolean } {
  return {
    id: `${serviceId}.${n}`,
    serviceId,
    host: '127.0.0.1',
    port: 31_000 + n,
    extraPorts: [],
    startedAtMs: 1_700_000_000_000 + n,
    healthy,
    flags: [],
    healthCheckStatus: null,
    exitCode: null,
    message: null,
    logDirectory: null,
    draining: false,
  };
}

async function publish(serviceId: string, instances: (Instance & { draining: boolean })[]): Promise<void> {
  await store.instances.publish(
    {
      serviceId,
      epoch: 1,
      requested: instances.length,
      scheduled: instances.length,
      instances,
      failed: [],
      killed: [],
      deploymentError: null,
    },
    { concurrencyLevel: 1, loadBalancing: 'oldest' },
  );
}

async function token(name: string, data: TokenData): Promise<string> {
  const written = await store.tokens.write({ name, data: { owner: USER, cluster, root: cluster, ...data } });
  return written.token?.hash ?? '';
}

describe('every response', () => {
  it('carries server and x-cid, echoed or made', async () => {
    const { headers } = await api().get('/status').set('x-cid', 'mine');
    expect(headers).toMatchObject({ 'x-cid': 'mine', server: 'waiter/0123456' });
    expect(headers['x-powered-by']).toBeUndefined();
    expect((await api().get('/status')).headers['x-cid']).toMatch(/^[0-9a-f]+-[0-9a-f]+$/);
  });

  it('is an error in the form that was asked for (case 162)', async () => {
    const text = await api()
      .get('/404')
      .set('x-cid', 'mine')
      .expect(404)
      .expect('content-type', 'text/plain');
    expect(text.text).toContain('Waiter Error 404\n');
    expect(text.text).toContain('================');
    expect(text.headers).toMatchObject({ 'x-cid': 'mine', server: 'waiter/0123456' });
    const html = await api()
      .get('/404')
      .set('accept', 'text/html')
      .expect(404)
      .expect('content-type', 'text/html');
    expect(html.text).toContain('<html>');
    const settings = (await api().get('/settings')).body;
    for (const header of ['accept', 'content-type']) {
      const json = await api().get('/404').set(header, 'application/json').expect(404);
      expect(json.body['waiter-error']).toMatchObject({
        status: 404,
        message: settings.messages['not-found'],
      });
      expect(json.body['waiter-error']['support-info']).toEqual(settings['support-info']);
    }
  });

  it('keeps a path that cannot be decoded from being a fault of ours', async () => {
    await api().get('/apps/%zz').expect(400);
  });
});

describe('/ (case 163)', () => {
  it('welcomes in text, html and json', async () => {
    const text = await api().get('/').expect(200).expect('content-type', 'text/plain');
    expect(text.text).toContain('Welcome to Waiter');
    const html = await api().get('/').set('accept', 'text/html').expect('content-type', 'text/html');
    expect(html.text).toContain('Welcome to Waiter');
    const json = await api()
      .get('/')
      .set('accept', 'application/json')
      .expect('content-type', 'application/json');
    expect(json.body).toMatchObject({ message: 'Welcome to Waiter', hostname: 'localhost', port: 9091 });
  });

  it('knows GET only', async () => {
    const { text } = await api().post('/').expect(405).expect('allow', 'GET');
    expect(text).toContain('Only GET supported');
  });
});

describe('/status', () => {
  it('is 200, or 503 while draining, for any method', async () => {
    await api().get('/status').expect(200, { status: 'ok' });
    await api().post('/status').send('body').expect(200);
    draining = true;
    try {
      await api().get('/status').expect(503, { message: 'Router is in drain mode.' });
    } finally {
      draining = false;
    }
  });

  it('describes the request (case 165)', async () => {
    const long = 'x'.repeat(100);
    const { body } = await api()
      .post('/status?include=request-info&a=1')
      .set({ 'x-long': long, 'x-waiter-token': long, 'content-type': 'text/plain; charset=utf-8' })
      .set('x-forwarded-proto-version', 'HTTP/2')
      .send('hello');
    expect(body['request-info']).toMatchObject({
      'character-encoding': 'utf-8',
      'client-protocol': 'HTTP/2.0',
      'content-length': 5,
      'internal-protocol': 'HTTP/1.1',
      'query-string': 'include=request-info&a=1',
      'request-method': 'post',
      'router-id': 'r1',
      scheme: 'http',
      uri: '/status',
      headers: { 'x-long': `${'x'.repeat(80)}...`, 'x-waiter-token': long },
    });
  });
});

describe('authentication (request-path 9.2)', () => {
  it('guards user routes and leaves the others open', async () => {
    const refused = await api().get('/apps').set('authorization', 'SingleUser unauthorized').expect(401);
    expect(refused.headers).toMatchObject({ 'www-authenticate': 'SingleUser', 'x-cid': expect.any(String) });
    expect(refused.text).toBe('');
    await api().get('/apps').set('authorization', 'SingleUser forbidden').expect(403);
    await api().get('/status').set('authorization', 'SingleUser unauthorized').expect(200);
  });
});

describe('/apps', () => {
  it('lists a service with all the fields that clients read (cases 146, 147, 150)', async () => {
    const version = await token('shown', description());
    const id = await service({ name: 'shown' }, [{ token: 'shown', version }]);
    await publish(id, [instance(id, 1, true), instance(id, 2, false)]);
    await store.services.saveScaleState(id, 1, { targetInstances: 2, label: 'scale-up' });
    const { body } = await api().get('/apps?token=shown&effective-parameters=True&include=healthy-instances');
    expect(body).toHaveLength(1);
    expect(body[0]).toMatchObject({
      'service-id': id,
      url: `http://localhost:9091/apps/${id}`,
      status: 'Running',
      'last-request-time': null,
      'request-metrics': { outstanding: 0, total: 0 },
      'instance-counts': { 'healthy-instances': 1, 'unhealthy-instances': 1 },
      'resource-usage': { cpus: 0.2, mem: 512 },
      'scaling-state': 'scale-up',
      'effective-parameters': { 'run-as-user': USER, cpus: 0.1, mem: 256, version: '1' },
      'service-description': { cmd: 'run', 'run-as-user': USER },
      'source-tokens': [[{ token: 'shown', version }]],
      'current-for-tokens': ['shown'],
      instances: {
        'healthy-instances': [
          { host: '127.0.0.1', id: `${id}.1`, port: 31_001, 'started-at': '2023-11-14T22:13:20.001Z' },
        ],
      },
    });
    const plain = await api().get('/apps?token=shown&force=false');
    expect(plain.body[0]).not.toHaveProperty('effective-parameters');
  });

  it('is not current for a token that changed since', async () => {
    await token('moved', description({ version: '2' }));
    await service({ name: 'moved' }, [{ token: 'moved', version: 'E-old' }]);
    const { body } = await api().get('/apps?token=moved');
    expect(body).toHaveLength(1);
    expect(body[0]).not.toHaveProperty('current-for-tokens');
  });

  it('shows only services that the caller can manage, unless run-as-user is given (cases 149, 201, 202)', async () => {
    const mine = await service({ name: 'x1' });
    const other = await service({ name: 'x2', 'run-as-user': 'another-user' });
    const ids = async (query: string) =>
      (await api().get(`/apps${query}`)).body.map((entry: { 'service-id': string }) => entry['service-id']);
    expect(await ids('')).toEqual(expect.arrayContaining([mine]));
    expect(await ids('')).not.toContain(other);
    expect(await ids('?run-as-user=another-user')).toEqual([other]);
    expect(await ids('?run-as-user=anoth.*')).toEqual([other]);
    expect(await ids('?run-as-user=*&name=x1&name=x2')).toEqual([mine, other].sort());
    expect(await ids('?run-as-user=nobody')).toEqual([]);
    expect(await ids('?name=x1&cpus=7')).toEqual([]);
  });

  it('security: is not held up by a filter over which V8 would take hours', async () => {
    await service({ name: 'a'.repeat(100) });
    const listed = (name: string) => api().get(`/apps?name=${encodeURIComponent(name)}`);
    expect((await listed('(a+)+b').expect(200)).body).toEqual([]);
    const { text } = await listed('(a)\\1').expect(400);
    expect(text).toContain('Unsupported regular expression');
  });
});

describe('/apps/<id>', () => {
  it('shows one service with its instances (case 152)', async () => {
    const id = await service();
    await publish(id, [instance(id, 1, false), instance(id, 2, true)]);
    const { body } = await api().get(`/apps/${id}?include=references`).expect(200);
    expect(body).toMatchObject({
      'router-id': 'r1',
      'num-routers': 0,
      status: 'Running',
      'num-active-instances': 2,
    });
    expect(body.references).toEqual([{}]);
    expect(body.instances).toMatchObject({
      'active-instances': [
        { id: `${id}.2`, 'healthy?': true },
        { id: `${id}.1`, 'healthy?': false },
      ],
      'failed-instances': [],
      'killed-instances': [],
    });
  });

  it('does not know a service that was never stored', async () => {
    const { body } = await api().get('/apps/nothing').set('accept', 'application/json').expect(404);
    expect(body['waiter-error']).toMatchObject({
      message: 'Service not found',
      details: { 'service-id': 'nothing' },
    });
    await api().delete('/apps/nothing').expect(404);
    await api().get('/apps/nothing/decisions').expect(404);
  });

  it('lets administrators only look with the eyes of another', async () => {
    const id = await service();
    await api().get(`/apps/${id}`).set('x-view-as-user', 'other').expect(200);
    deps = { ...deps, entitlement: new Entitlement(new SimpleEntitlementManager('root')) };
    try {
      const { text } = await api().get(`/apps/${id}`).set('x-view-as-user', 'other').expect(401);
      expect(text).toContain('X-View-As-User request header unsupported for non-admin user');
    } finally {
      deps = { ...deps, entitlement: new Entitlement(new SimpleEntitlementManager(USER)) };
    }
  });

  it('knows GET and DELETE only', async () => {
    const id = await service();
    const { text } = await api().put(`/apps/${id}`).expect(405).expect('allow', 'GET, DELETE');
    expect(text).toContain('Unsupported request method');
  });
});

describe('DELETE /apps/<id> (cases 153, 207)', () => {
  it('asks the scaler, and waits until no router knows the service', async () => {
    const seen = new Set<string>();
    const scaler = queues.worker<{ serviceId: string }>('scheduler', async ({ data }) => {
      if (seen.has(data.serviceId)) return 'no-such-service';
      seen.add(data.serviceId);
      await store.services.retire(data.serviceId);
      return 'deleted';
    });
    try {
      const id = await service();
      const { body } = await api().delete(`/apps/${id}?timeout=10000`).expect(200);
      expect(body).toMatchObject({
        'service-id': id,
        success: true,
        result: 'deleted',
        'routers-agree': true,
      });
      const again = await api().delete(`/apps/${id}`).expect(404);
      expect(again.body).toMatchObject({ success: false, result: 'no-such-service-exists' });
      await api().get(`/apps/${id}`).expect(200);
    } finally {
      await scaler.close();
    }
  });

  it('refuses a timeout that is no integer, echoing it', async () => {
    const id = await service();
    const { body } = await api()
      .delete(`/apps/${id}?timeout=Invalid-timeout-value`)
      .set('accept', 'application/json')
      .expect(400);
    expect(body['waiter-error'].message).toBe('timeout must be an integer');
    expect(body['waiter-error']['query-string']).toContain('Invalid-timeout-value');
  });

  it('is for those who can manage the service', async () => {
    const id = await service({ 'run-as-user': 'another-user' });
    const { text } = await api().delete(`/apps/${id}`).expect(403);
    expect(text).toContain('User not allowed to delete service');
  });
});

describe('/apps/<id>/decisions', () => {
  it('tells the latest first, by the names of the wire', async () => {
    const id = await service();
    for (const n of [1, 2, 3]) await store.decisions.append(id, { scaleAmount: n, inputs: { inFlight: n } });
    const { body } = await api().get(`/apps/${id}/decisions?length=2`).expect(200);
    expect(body['service-id']).toBe(id);
    const entry = (n: number) => ({
      id: expect.stringMatching(/^\d+-\d+$/),
      'scale-amount': n,
      inputs: { 'in-flight': n },
      time: expect.stringMatching(/Z$/),
      explanation: expect.arrayContaining([
        { what: 'demand', text: `${n} requests: ${n} in flight, 0 queued` },
      ]),
    });
    expect(body.decisions).toEqual([entry(3), entry(2)]);
    for (const length of ['0', 'x', '1001'])
      await api().get(`/apps/${id}/decisions?length=${length}`).expect(400);
    const after = await api().get(`/apps/${id}/decisions?after=${body.decisions[1].id}`).expect(200);
    expect(after.body.decisions).toEqual([body.decisions[0]]);
    const none = await api().get(`/apps/${id}/decisions?after=${body.decisions[0].id}`).expect(200);
    expect(none.body.decisions).toEqual([]);
    for (const bad of ['x', '-', '1', '1-2&after=3-4'])
      await api().get(`/apps/${id}/decisions?after=${bad}`).expect(400);
  });
});

describe('/service-id and /app-name', () => {
  const headers = {
    'x-waiter-cmd': 'run',
    'x-waiter-cpus': '1',
    'x-waiter-mem': '64',
    'x-waiter-version': 'v1',
  };

  it('tells the id of on-the-fly headers and stores the service without starting it', async () => {
    const { text } = await api()
      .get('/service-id')
      .set(headers)
      .expect(200)
      .expect('content-type', 'text/plain');
    expect(text).toMatch(/^waiter-service-[0-9a-f]{32}$/);
    expect((await api().get('/app-name').set(headers)).text).toBe(text);
    expect((await api().get(`/apps/${text}`).expect(200)).body.status).toBe('Inactive');
    const listed = (await api().get('/apps')).body.map(
      (entry: { 'service-id': string }) => entry['service-id'],
    );
    expect(listed).not.toContain(text);
  });

  it('resolves a token by header and by host', async () => {
    await token('by-name', description());
    const byHeader = await api().get('/service-id').set('x-waiter-token', 'by-name').expect(200);
    const byHost = await api().get('/service-id').set('host', 'by-name:80').expect(200);
    expect(byHost.text).toBe(byHeader.text);
    const byEntry = await api()
      .get('/service-id')
      .set('x-waiter-token', `^SERVICE-ID#${byHeader.text}`)
      .expect(200);
    expect(byEntry.text).toBe(byHeader.text);
  });

  it('answers as the proxied request would: 404, 400, 403, maintenance', async () => {
    await api().get('/service-id').set('x-waiter-token', 'no-such').expect(404);
    await api().get('/service-id').expect(400);
    await token('foreign', description({ 'run-as-user': 'another-user', 'permitted-user': 'another-user' }));
    await api().get('/service-id').set('x-waiter-token', 'foreign').expect(403);
    await token('closed', { ...description(), maintenance: { message: 'back at noon' } });
    const { body } = await api()
      .get('/service-id')
      .set({ 'x-waiter-token': 'closed', accept: 'application/json' })
      .expect(503);
    expect(body['waiter-error']).toMatchObject({
      message: 'back at noon',
      title: 'Service in Maintenance',
      details: { token: 'closed', 'token-owner': USER },
    });
  });
});

describe('/token and /tokens', () => {
  it('are the registry, behind authentication', async () => {
    const created = await api().post('/token?token=made').send({ cpus: 1, mem: 64, cmd: 'x', version: '1' });
    expect([created.status, created.text]).toEqual([
      200,
      expect.stringContaining('Successfully created made'),
    ]);
    const { body, headers } = await api().get('/token').set('x-waiter-token', 'made').expect(200);
    expect(body).toMatchObject({ cpus: 1, owner: USER });
    expect(headers).toMatchObject({ etag: created.headers['etag'], 'content-type': 'application/json' });
    expect(headers['x-cid']).toBeDefined();
    const listed = await api().get(`/tokens?owner=${USER}`).expect(200);
    expect(listed.body.map((entry: { token: string }) => entry.token)).toContain('made');
    const broken = await api()
      .post('/token?token=made')
      .set('accept', 'application/json')
      .send('{')
      .expect(400);
    expect(broken.body['waiter-error'].message).toBe('Invalid JSON payload');
    for (const path of ['/token', '/tokens', '/tokens/owners', '/tokens/reindex']) {
      await api().get(path).set('authorization', 'SingleUser forbidden').expect(403);
    }
  });
});

describe('/settings', () => {
  it('has what clients rely on and no secret', async () => {
    const { body, text } = await api()
      .get('/settings')
      .expect(200)
      .expect('content-type', 'application/json');
    expect(text).not.toContain('hunter2');
    expect(body).toMatchObject({
      'cluster-config': { name: cluster, 'service-prefix': 'waiter-service-' },
      'scheduler-config': { kind: 'marathon', marathon: expect.any(Object) },
      'scheduler-syncer-interval-secs': 5,
      'token-config': {
        'history-length': 5,
        'limit-per-owner': 1000,
        'cluster-calculator': { kind: 'configured' },
      },
      'service-description-constraints': { cmd: { max: 1200 } },
      'git-version': '0123456789abcdef',
      port: 9091,
      'async-threads': expect.any(Number),
    });
    expect(body['service-description-defaults']).toMatchObject({ 'concurrency-level': 1 });
  });
});

describe('/state', () => {
  beforeAll(() =>
    store.members.announceRouter({
      id: 'r1',
      url: 'http://127.0.0.1:9091',
      version: 'v',
      startedAtMs: 1,
      draining: false,
    }),
  );

  it('names its components and the routers', async () => {
    const { body } = await api().get('/state').set('host', 'waiter.example:80').expect(200);
    expect(body).toMatchObject({ 'router-id': 'r1', routers: { r1: 'http://127.0.0.1:9091' } });
    expect(body.details.maintainer).toBe('http://waiter.example:80/state/maintainer');
  });

  it('tells the routers with their addresses (case 170)', async () => {
    const { body } = await api().get('/state/maintainer').expect(200);
    expect(body.state).toMatchObject({
      routers: { r1: 'http://127.0.0.1:9091' },
      'router-details': {
        r1: {
          id: 'r1',
          name: 'r1',
          address: '127.0.0.1',
          port: 9091,
          'custom-details': { 'router-fqdn': '127.0.0.1' },
        },
      },
    });
  });

  it('tells who leads', async () => {
    const { body } = await api().get('/state/leader').expect(200);
    expect(body.state).toMatchObject({ 'leader?': false, 'leader-id': null });
  });

  it('tells of a service, also of an unknown one (case 159)', async () => {
    const id = await service();
    await publish(id, [instance(id, 1, true)]);
    const { body } = await api().get(`/state/${id}`).expect(200);
    expect(body.state).toMatchObject({
      'service-maintainer-state': { 'maintainer-chan-available': true },
      'autoscaler-state': { 'healthy-instances': 1 },
    });
    const unknown = await api().get('/state/nothing').expect(200);
    expect(unknown.body.state).toMatchObject({
      'service-maintainer-state': { 'maintainer-chan-available': false },
      'autoscaler-state': {},
    });
  });
});

describe('/metrics', () => {
  it('speaks Prometheus to those who ask for text, and adds the workers', async () => {
    const [metrics, worker] = [createMetrics(), createMetrics()];
    for (const each of [metrics, worker]) {
      each
        .counter({ name: 'requests_total', help: 'x', labels: ['service'] })
        .with({ service: 's1' })
        .inc();
      each.gauge({ name: 'up', help: 'x' }).set(1);
    }
    const before = deps;
    deps = { ...deps, metrics, workerMetrics: async () => [await worker.snapshot()] };
    try {
      const text = await api().get('/metrics').set('accept', 'text/plain').expect(200);
      expect(text.text).toContain('waiter_requests_total{service="s1"} 2');
      await api()
        .get('/metrics/prometheus')
        .expect(200)
        .expect('content-type', /^text\/plain/);
      const json = await api()
        .get('/metrics?exclude-services=true')
        .expect('content-type', 'application/json');
      expect(json.body).toEqual({ waiter: { up: { gauges: { up: { value: 2 } } } } });
      const one = await api().get('/metrics?service-id=s1');
      expect(Object.keys(one.body)).toEqual(['services']);
      expect(one.body.services.s1.counters['request-counts'].total).toBe(2);
    } finally {
      deps = before;
    }
  });
});

it('/favicon.ico is a picture', async () => {
  await api().get('/favicon.ico').expect(200).expect('content-type', 'image/png');
});
