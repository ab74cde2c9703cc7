import Ajv2020 from 'ajv/dist/2020';
import type { Express } from 'express';
import supertest from 'supertest';
import { loadConfig } from '@waiter/config';
import { Entitlement, oneUser, SimpleEntitlementManager, systemClock } from '@waiter/core';
import { createMetrics, silentLogger } from '@waiter/observability';
import { Queues, Store } from '@waiter/store';
import { startRedis, type RedisServer } from '@waiter/testkit';
import { createApi } from '..';
import { peerPassword } from '../authenticate/require-peer';
import type { OpenApiDocument } from './document';
import { servedPaths } from './served-paths';
import { Conformance } from './testing/conformance';

const USER = 'sam';
const cluster = 'c1';
let redis: RedisServer;
let store: Store;
let queues: Queues;
let api: Express;
let document: OpenApiDocument;
let conformance: Conformance;
let serviceId: string;

beforeAll(async () => {
  redis = await startRedis();
  store = await Store.open({ url: redis.url, cluster });
  queues = new Queues({ url: redis.url, cluster });
  api = createApi({
    store,
    queues,
    config: loadConfig({
      flags: { 'cluster-name': cluster, 'router-user': USER, passwords: 'hunter2', redis: redis.url },
      machine: { hostname: 'box', username: USER, unique: 'abc123' },
    }),
    logger: silentLogger,
    metrics: createMetrics(),
    clock: systemClock,
    authenticator: oneUser(USER),
    entitlement: new Entitlement(new SimpleEntitlementManager(USER)),
    routerId: 'r1',
    port: 9091,
    startedAtMs: Date.now(),
    version: '0123456789abcdef',
    isDraining: () => false,
  });
  document = (await supertest(api).get('/openapi.json').expect(200)).body as OpenApiDocument;
  conformance = new Conformance(document);
  await exampleToken('first', { cpus: 1 });
  await exampleToken('first', { cpus: 2, maintenance: { message: 'soon' }, 'allowed-params': ['A'] });
  await exampleToken('whole', { cmd: 'run', cpus: 0.1, mem: 256, version: '1', 'run-as-user': USER });
  serviceId = (await supertest(api).get('/service-id').set('x-waiter-token', 'whole').expect(200)).text;
  await publishInstances(serviceId);
});
/** As the leader would: one instance serves, one starts, one failed. */
async function publishInstances(id: string): Promise<void> {
  const instance = (n: number, healthy: boolean) => ({
    id: `${id}.${n}`,
    serviceId: id,
    host: '127.0.0.1',
    port: 31_000 + n,
    extraPorts: [32_000],
    startedAtMs: Date.now(),
    healthy,
    flags: healthy ? [] : (['never-passed-health-checks'] as const),
    healthCheckStatus: healthy ? 200 : null,
    exitCode: null,
    message: null,
    logDirectory: '/sandbox',
    draining: false,
  });
  await store.instances.publish(
    {
      serviceId: id,
      epoch: 1,
      requested: 2,
      scheduled: 2,
      instances: [instance(1, true), instance(2, false)],
      failed: [{ ...instance(3, false), exitCode: 1, message: 'it ended' }],
      killed: [instance(4, true)],
      deploymentError: null,
    },
    { concurrencyLevel: 1, loadBalancing: 'oldest' },
  );
}

afterAll(async () => {
  await queues.close();
  await store.close();
  await redis.stop();
});

const exampleToken = (name: string, body: object) =>
  supertest(api).post(`/token?token=${name}`).send(body).expect(200);

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** Sends a request and compares the response with the document. */
async function faults(
  method: string,
  path: string,
  { headers = {}, body }: Sent = {},
): Promise<readonly string[]> {
  const request = supertest(api)
    [method.toLowerCase() as 'get' | 'post' | 'delete'](path)
    .set({ accept: 'application/json', ...headers })
    .buffer(true)
    .parse((response, done) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => done(null, Buffer.concat(parts).toString('utf8')));
    });
  const response = await (body === undefined ? request : request.send(body));
  return conformance.faultsOf({
    method,
    path,
    status: response.status,
    contentType: response.headers['content-type'],
    body: String(response.body),
  });
}

describe('the OpenAPI document', () => {
  it('has every route of the API, with its methods', async () => {
    const served = servedPaths(api);
    const written = Object.keys(document.paths).map((path) => path.replace(/\{(\w+)\}/g, ':$1'));
    expect(written.sort()).toEqual([...new Set(served)].sort());
    expect(written).toEqual(expect.arrayContaining(['/token', '/tokens', '/apps/:id', '/openapi.json']));
    for (const path of Object.keys(document.paths)) {
      const { status, headers } = await supertest(api).patch(path.replace(/\{\w+\}/g, 'x'));
      if (status !== 405 || headers['allow'] === undefined) continue;
      const methods = Object.keys(document.paths[path] ?? {}).map((method) => method.toUpperCase());
      expect({ path, methods: methods.sort() }).toEqual({
        path,
        methods: headers['allow'].split(', ').sort(),
      });
    }
  });

  it('is a document in itself: every reference leads somewhere and every schema is one', () => {
    const ajv = new Ajv2020({ strict: false });
    ajv.addSchema(document, 'doc');
    const text = JSON.stringify(document);
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(Object.keys(document.components.schemas)).toContain(name);
    }
    for (const name of Object.keys(document.components.schemas)) {
      expect(() => ajv.compile({ $ref: `doc#/components/schemas/${name}` })).not.toThrow();
    }
    expect(document.openapi).toBe('3.1.0');
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const operation of Object.values(methods)) {
        expect(operation.summary).not.toBe('');
        const placed = operation.parameters.filter((parameter) => parameter['in'] === 'path');
        expect(placed).toHaveLength([...path.matchAll(/\{/g)].length);
      }
    }
  });

  it('takes parameters from the one table', () => {
    const { ServiceParameters } = document.components.schemas;
    expect(ServiceParameters?.['properties']).toMatchObject({
      'concurrency-level': { type: 'integer', minimum: 1, maximum: 10000, default: 1 },
      'health-check-proto': { enum: ['http', 'https', 'h2', 'h2c', null] },
      env: { type: 'object', additionalProperties: { type: 'string', minLength: 1 } },
    });
  });

  it('can be browsed without anything from elsewhere', async () => {
    const { text, headers } = await supertest(api).get('/openapi').expect(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).toContain('/apps/{id}');
    expect(text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });
});

describe('live responses conform to it', () => {
  /** Streams have no end, `peer` routes another test, and these a shape of their own below. */
  const SPECIAL = ['/apps/instances', '/apps/{id}/await/{goal}', '/apps/{id}/refresh', '/apps/{id}/logs'];

  it('every documented GET', async () => {
    const found: string[] = [];
    for (const [template, { get }] of Object.entries(document.paths)) {
      if (get === undefined || SPECIAL.includes(template)) continue;
      const path = template.replace('{id}', serviceId).replace(/\{\w+\}/g, 'x');
      found.push(
        ...(await faults('GET', path, {
          headers:
            template === '/service-id' || template === '/app-name' ? { 'x-waiter-token': 'whole' } : {},
        })),
      );
    }
    expect(found).toEqual([]);
  });

  it.each<[string, string, Sent?]>([
    ['GET', '/token?token=first'],
    ['GET', '/token?token=first&include=metadata'],
    ['GET', '/token?token=none'],
    ['GET', '/tokens?include=metadata&include=deleted&include=cluster&include=service-id&parameters=cpus'],
    ['GET', '/tokens/owners'],
    ['GET', '/token-history?token=whole'],
    ['GET', '/token-history?token=none'],
    ['POST', '/token?token=second', { body: { cpus: 1 } }],
    ['POST', '/token?token=second', { body: { cpus: 0, nonsense: 1 } }],
    ['POST', '/token?token=second', { body: { cpus: 1 }, headers: { 'if-match': 'E-old' } }],
    ['DELETE', '/token', { headers: { 'x-waiter-token': 'second' } }],
    ['GET', '/token?token=second&include=deleted&include=metadata'],
    ['DELETE', '/token', { headers: { 'x-waiter-token': 'none' } }],
    ['POST', '/tokens/reindex'],
    [
      'GET',
      '/apps?effective-parameters=true&include=references&include=healthy-instances&include=token-fallback',
    ],
    ['GET', '/apps/none'],
    ['GET', '/status?include=request-info&include=server-info'],
    ['GET', '/apps/instances'],
    ['DELETE', '/apps/none'],
    ['GET', '/nothing-here'],
  ])('%s %s %j', async (method, path, sent = {}) => {
    const found = await faults(method, path, sent);
    expect(found).toEqual(path === '/nothing-here' ? ['GET /nothing-here is not documented'] : []);
  });

  it('a service with instances, everything included', async () => {
    const query = 'include=effective-parameters&include=metrics&include=references&include=token-fallback';
    const { body } = await supertest(api).get(`/apps/${serviceId}?${query}`).expect(200);
    expect(body.instances['active-instances']).toHaveLength(2);
    expect(body.instances['failed-instances']).toHaveLength(1);
    expect(await faults('GET', `/apps/${serviceId}?${query}`)).toEqual([]);
    expect(await faults('GET', `/apps?run-as-user=${USER}&include=healthy-instances`)).toEqual([]);
    for (const action of ['suspend', 'resume']) {
      expect(await faults('GET', `/apps/${serviceId}/${action}`)).toEqual([]);
    }
    const post = (overrides: object) => faults('POST', `/apps/${serviceId}/override`, { body: overrides });
    expect([...(await post({ 'max-instances': 5 })), ...(await post({ cmd: 'x' }))]).toEqual([]);
    for (const path of ['', '/override'])
      expect(await faults('GET', `/apps/${serviceId}${path}`)).toEqual([]);
    expect(await faults('DELETE', `/apps/${serviceId}/override`)).toEqual([]);
    expect(await faults('GET', `/apps/${serviceId}/await/healthy?timeout=10`)).toEqual([]);
    const kill = `/apps/${serviceId}/instance/${serviceId}.1/kill?timeout=soon`;
    expect(await faults('POST', kill, { body: {} })).toEqual([]);
  });

  it('every documented POST, PUT and DELETE, refused or not', async () => {
    const peer = `Basic ${Buffer.from(`r2:${peerPassword('r2', 'r1', 'hunter2')}`).toString('base64')}`;
    const bodies: Readonly<Record<string, object>> = {
      '/token': { token: 'last', cpus: 1 },
      '/metrics/external': { cluster, 'service-metrics': {} },
      '/apps/{id}/override': { 'max-instances': 7 },
      '/tokens/refresh': { token: 'last' },
    };
    const seen: string[] = [];
    const found: string[] = [];
    for (const [template, methods] of Object.entries(document.paths)) {
      for (const method of Object.keys(methods).filter((name) => name !== 'get')) {
        seen.push(`${method} ${template}`);
        // No scaler runs here, which would stop what there is.
        const id = method === 'delete' || template.includes('{instance}') ? 'none' : serviceId;
        const path = template.replace('{id}', id).replace(/\{\w+\}/g, 'x');
        // For routers: by one, and by somebody else.
        for (const authorization of template === '/tokens/refresh' ? [undefined, peer] : [undefined]) {
          const headers = authorization === undefined ? {} : { authorization };
          found.push(
            ...(await faults(method.toUpperCase(), path, { headers, body: bodies[template] ?? {} })),
          );
        }
      }
    }
    expect(found).toEqual([]);
    expect(seen).toEqual(
      expect.arrayContaining([
        'post /scaling/pause',
        'post /drain',
        'post /sim/requests',
        'delete /apps/{id}',
      ]),
    );
  });

  it('routes of routers, with their password', async () => {
    const headers = {
      authorization: `Basic ${Buffer.from(`r2:${peerPassword('r2', 'r1', 'hunter2')}`).toString('base64')}`,
    };
    for (const path of ['refresh', 'await/exist?timeout=10', 'await/exist']) {
      expect(await faults('GET', `/apps/${serviceId}/${path}`, { headers })).toEqual([]);
      expect(await faults('GET', `/apps/${serviceId}/${path}`)).toEqual([]);
    }
  });

  it('notices what does not conform', () => {
    const response = { method: 'GET', path: '/tokens', status: 200, contentType: 'application/json' };
    expect(conformance.faultsOf({ ...response, body: '[]' })).toEqual([]);
    expect(conformance.faultsOf({ ...response, body: '[{"token": 1}]' }).join()).toContain('must be string');
    expect(conformance.faultsOf({ ...response, status: 204, body: '' })).toHaveLength(1);
    expect(conformance.faultsOf({ ...response, contentType: 'text/plain', body: '' })).toHaveLength(1);
  });
});
