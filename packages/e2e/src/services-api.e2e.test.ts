import { request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { kitchenCommand } from '@waiter/kitchen';
import { waitFor } from '@waiter/testkit';
import { Fleet } from './fleet';
import type { Answer, FleetClient } from './fleet-client';
import { app, healthyInstances, kitchenService } from './kitchen-service';

const JSON_HEADERS = { accept: 'application/json', 'content-type': 'application/json' };
const USER = process.env['USER'] ?? 'root';

type Body = Record<string, unknown>;
const parsed = (answer: Answer): Body => JSON.parse(answer.body) as Body;
const messageOf = (body: string): string =>
  (JSON.parse(body) as { 'waiter-error': { message: string } })['waiter-error'].message;

let fleet: Fleet;
let names = 0;
beforeAll(async () => {
  fleet = await Fleet.start({ routers: 2 });
}, 60_000);
afterAll(() => fleet?.stop(), 60_000);

/** A token of its own, used once, and the service behind it. */
async function running(more: Body = {}): Promise<{ token: string; id: string }> {
  const token = `services-api-${(names += 1)}`;
  await fleet.client().register(token, kitchenService({ name: token, ...more }));
  const answer = await fleet.client().use(token, '/status', { 'x-waiter-debug': 'true' });
  expect(answer.status).toBe(200);
  return { token, id: String(answer.headers['x-waiter-service-id']) };
}

function listed(client: FleetClient, query: string): Promise<(Body & { 'service-id': string })[]> {
  return client.json(`/apps?${query}`);
}

const post = (client: FleetClient, path: string, body = '""'): Promise<Answer> =>
  client.ask(path, { method: 'POST', headers: JSON_HEADERS, body });

describe('/apps and /apps/<id>', () => {
  it('case 146, case 150: /apps lists a service with what clients read, on every router', async () => {
    const { token, id } = await running();
    await waitFor(
      'a report of the load',
      async () => (await app(fleet.client(), id))['request-metrics'].total,
    );
    for (const client of fleet.clients) {
      const [entry] = await listed(client, `token=${token}`);
      expect(entry).toMatchObject({
        'service-id': id,
        status: 'Running',
        'last-request-time': expect.stringMatching(/Z$/),
        'request-metrics': { outstanding: expect.any(Number), total: expect.any(Number) },
        'resource-usage': { cpus: 0.1, mem: 64 },
        'scaling-state': expect.stringMatching(/^(stable|scale-up|scale-down)$/),
        'service-description': { cpus: 0.1, name: token, 'run-as-user': USER },
        'current-for-tokens': [token],
      });
      expect(entry).not.toHaveProperty('effective-parameters');
    }
    const [shown] = await listed(fleet.client(), `token=${token}&effective-parameters=true`);
    const keys = Object.keys(shown?.['effective-parameters'] as Body);
    expect(keys).toEqual(expect.arrayContaining(['concurrency-level', 'metric-group', 'liveness-check-url']));
    for (const absent of ['image', 'namespace', 'profile', 'scheduler']) expect(keys).not.toContain(absent);
    expect(keys).toHaveLength(45);
  }, 40_000);

  it('case 147: include=healthy-instances names host, id, port and start', async () => {
    const { token, id } = await running();
    const [entry] = await listed(fleet.client(1), `token=${token}&include=healthy-instances`);
    expect(entry?.['instances']).toEqual({
      'healthy-instances': [
        {
          host: '127.0.0.1',
          id: expect.stringContaining(`${id}.`),
          port: expect.any(Number),
          'started-at': expect.stringMatching(/Z$/),
        },
      ],
    });
  }, 40_000);

  it('case 151: token and token-version pick among versions', async () => {
    const { token, id } = await running();
    await fleet.client().register(token, kitchenService({ name: token, version: '2' }));
    const next = await fleet
      .client()
      .use(token, '/status', { 'x-waiter-debug': 'true', 'x-waiter-fallback-period-secs': '0' });
    const second = String(next.headers['x-waiter-service-id']);
    expect(second).not.toBe(id);
    const ids = async (query: string) =>
      (await listed(fleet.client(), query)).map((entry) => entry['service-id']).sort();
    const other = await running({ name: token, cpus: 0.11 });
    expect(await ids(`token=${token}`)).toEqual([id, second].sort());
    expect(await ids(`run-as-user=*&token=${token}`)).toEqual([id, second].sort());
    const both = `(${token.slice(0, -1)}.*|${other.token})`;
    expect(await ids(`token=${both}&name=${token}`)).toEqual([id, second, other.id].sort());
    expect(await ids(`run-as-user=*&name=${token}`)).toEqual([id, second, other.id].sort());
    expect(await ids(`run-as-user=nobody-here&token=${token}`)).toEqual([]);
    const [entry] = (await listed(fleet.client(), `token=${token}`)).filter(
      (each) => each['service-id'] === id,
    );
    const [[source]] = entry?.['source-tokens'] as [[{ version: string }]];
    expect(await ids(`token-version=${source.version}`)).toEqual([id]);
  }, 60_000);

  it('case 152: /apps/<id> shows metrics by router, references and instances', async () => {
    const { token, id } = await running();
    for (const client of fleet.clients) expect((await client.use(token, '/hello')).status).toBe(200);
    await waitFor('both routers to report', async () => {
      const { 'num-routers': routers } = await fleet.client().json<Body>(`/apps/${id}?include=metrics`);
      return routers === 2;
    });
    const shown = await fleet.client().json<Body>(`/apps/${id}?include=metrics&include=references`);
    expect(shown).toMatchObject({
      status: 'Running',
      'num-routers': 2,
      'num-active-instances': 1,
      'resource-usage': { cpus: 0.1, mem: 64 },
      references: [{ token: { sources: [{ token, version: expect.any(String) }] } }],
      metrics: { aggregate: { 'routers-sent-requests-to': 2 }, routers: expect.any(Object) },
    });
    expect(shown).not.toHaveProperty('effective-parameters');
    expect(shown).not.toHaveProperty('service-suspended-state');
  }, 40_000);

  it('case 153: DELETE with timeout answers when no router knows the service; a second one is 404', async () => {
    const { id } = await running();
    const gone = await fleet.client().ask(`/apps/${id}?timeout=10000`, { method: 'DELETE' });
    expect([gone.status, parsed(gone)]).toEqual([
      200,
      expect.objectContaining({ 'service-id': id, success: true, result: 'deleted', 'routers-agree': true }),
    ]);
    for (const client of fleet.clients) {
      expect((await listed(client, '')).map((entry) => entry['service-id'])).not.toContain(id);
      expect((await client.json<Body>(`/apps/${id}`))['status']).toBe('Inactive');
    }
    expect((await fleet.client(1).ask(`/apps/${id}`, { method: 'DELETE' })).status).toBe(404);
  }, 40_000);
});

describe('what operators say of a service', () => {
  it('case 154, request-path case 34: a suspended service answers 503 on every router until it is resumed', async () => {
    const { token, id } = await running();
    expect(parsed(await fleet.client().get(`/apps/${id}/suspend`))).toEqual({
      action: 'suspend',
      'service-id': id,
      success: true,
    });
    for (const client of fleet.clients) {
      const refused = await waitFor('the router to refuse', async () => {
        const answer = await client.use(token, '/status', JSON_HEADERS);
        return answer.status === 503 && answer;
      });
      expect(messageOf(refused.body)).toBe('Service has been suspended');
    }
    const shown = await fleet.client(1).json<Body>(`/apps/${id}`);
    expect(shown['service-suspended-state']).toMatchObject({ suspended: true, 'last-updated-by': USER });
    const pinged = parsed(await fleet.client().get('/waiter-ping', { 'x-waiter-token': token }));
    expect(pinged['ping-response']).toMatchObject({ result: 'waiter-response', status: 503 });
    expect(parsed(await fleet.client(1).get(`/apps/${id}/resume`))).toMatchObject({ action: 'resume' });
    for (const client of fleet.clients) {
      await waitFor('the router to serve', async () => (await client.use(token, '/status')).status === 200);
    }
    expect((await fleet.client().json<Body>(`/apps/${id}`))['service-suspended-state']).toMatchObject({
      suspended: false,
    });
  }, 60_000);

  it('case 156: overrides scale the same service up; without them it shrinks again', async () => {
    const { token, id } = await running({ 'scale-down-factor': 0.9 });
    const overrides = { 'max-instances': 20, 'min-instances': 2, 'scale-factor': 0.3 };
    const said = await post(fleet.client(), `/apps/${id}/override`, JSON.stringify(overrides));
    expect([said.status, parsed(said)]).toEqual([200, { 'service-id': id, success: true }]);
    expect(await fleet.client(1).json(`/apps/${id}/override`)).toEqual({
      'service-id': id,
      overrides,
      'last-updated-by': USER,
      time: expect.stringMatching(/Z$/),
    });
    await waitFor('two instances', async () => (await healthyInstances(fleet.client(1), id)) === 2, {
      timeoutMs: 20_000,
    });
    const shown = await fleet.client().json<Body>(`/apps/${id}?effective-parameters=true`);
    expect(shown['service-description-overrides']).toMatchObject({ overrides });
    expect(shown['effective-parameters']).toMatchObject(overrides);
    expect(shown['service-description']).not.toHaveProperty('min-instances');
    const again = await fleet.client(1).use(token, '/status', { 'x-waiter-debug': 'true' });
    expect(again.headers['x-waiter-service-id']).toBe(id);
    expect((await fleet.client().ask(`/apps/${id}/override`, { method: 'DELETE' })).status).toBe(200);
    const cleared = await fleet.client().json<Body>(`/apps/${id}`);
    expect(cleared).not.toHaveProperty('service-description-overrides');
    await waitFor('one instance', async () => (await healthyInstances(fleet.client(), id)) === 1, {
      timeoutMs: 30_000,
    });
    // case 160
    const { instances } = await app(fleet.client(), id);
    expect(instances['killed-instances']).toHaveLength(1);
  }, 90_000);
});

describe('instances', () => {
  it('request-path case 60, scaling-and-schedulers case 98: an instance that answers 503 is ejected, on every router', async () => {
    const { token, id } = await running();
    const busy = await fleet.client().use(token, '/bad-status?status=503');
    expect(busy.status).toBe(503);
    interface Responder {
      readonly 'sorted-instance-ids': string[];
      readonly 'instance-id->consecutive-failures': Record<string, number>;
      readonly 'instance-id->eject-expiry-time': Record<string, string | null>;
      readonly 'instance-id->state': Record<string, { 'slots-assigned': number; 'status-tags': string[] }>;
    }
    for (const client of fleet.clients) {
      const responder = await waitFor('the ejection', async () => {
        const { state } = await client.json<{ state: { 'responder-state': Responder } }>(`/state/${id}`);
        const shown = state['responder-state'];
        return Object.values(shown['instance-id->eject-expiry-time']).some(Boolean) && shown;
      });
      const [instance = ''] = responder['sorted-instance-ids'];
      expect(responder['instance-id->consecutive-failures'][instance]).toBe(1);
      expect(Date.parse(responder['instance-id->eject-expiry-time'][instance] ?? '')).toBeGreaterThan(
        Date.now(),
      );
      expect(responder['instance-id->state'][instance]).toMatchObject({ 'slots-assigned': 1 });
      expect(responder['instance-id->state'][instance]?.['status-tags']).toContain('ejected');
      expect(await client.json(`/ejected/${id}`)).toEqual({ 'ejected-instances': [instance] });
      // Once is not often enough to be replaced.
      expect(await client.json('/state/ejection-expiry?include=service-details')).toMatchObject({
        state: { 'failure-threshold': 5, 'service-id->instance-ids': {} },
      });
    }
  });

  it('request-path case 139: requests that wait for the start are counted on every router', async () => {
    const token = 'slow-start';
    const cmd = `${String(kitchenService()['cmd'])} --start-up-sleep-ms 3000`;
    await fleet.client().register(token, kitchenService({ name: token, cmd, 'concurrency-level': 4 }));
    const id = (await fleet.client().get('/service-id', { 'x-waiter-token': token })).body;
    const asked = fleet.clients
      .flatMap((client) => [client, client])
      .map((client) => client.use(token, '/status'));
    const waiting = async (client: FleetClient): Promise<number> => {
      const { metrics } = await client.json<{
        metrics: { aggregate: { counters: { 'request-counts': Record<string, number> } } };
      }>(`/apps/${id}?include=metrics`);
      return metrics.aggregate.counters['request-counts']['waiting-for-available-instance'] ?? -1;
    };
    for (const client of fleet.clients) {
      await waitFor('four requests that wait', async () => (await waiting(client)) === 4);
    }
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    for (const client of fleet.clients) {
      await waitFor('nobody to wait', async () => (await waiting(client)) === 0);
    }
  }, 40_000);

  it('case 157: log-url lists the files of an instance, for those who may manage it', async () => {
    const { id } = await running({ cmd: `echo hello-from-the-log; ${String(kitchenService()['cmd'])}` });
    const { instances } = await fleet
      .client()
      .json<{ instances: { 'active-instances': { 'log-url': string }[] } }>(`/apps/${id}`);
    const url = new URL(instances['active-instances'][0]?.['log-url'] ?? '');
    expect(url.pathname).toBe(`/apps/${id}/logs`);
    for (const client of fleet.clients) {
      const files = await client.json<{ name: string; type: string; url: string }[]>(
        url.pathname + url.search,
      );
      expect(files.map(({ name }) => name)).toEqual(expect.arrayContaining(['stdout', 'stderr']));
      const stdout = files.find(({ name }) => name === 'stdout');
      expect(await (await fetch(stdout?.url ?? '')).text()).toContain('hello-from-the-log');
    }
    const viewedBy = { 'x-view-as-user': 'does-not-exist', ...JSON_HEADERS };
    const seen = await fleet.client().get(`/apps/${id}`, viewedBy);
    expect(seen.body).not.toContain('log-url');
    const refused = await fleet.client().get(url.pathname + url.search, viewedBy);
    expect([refused.status, messageOf(refused.body)]).toEqual([401, 'Unauthorized user does-not-exist']);
    const missing = await fleet.client().get(`/apps/${id}/logs?host=127.0.0.1`, JSON_HEADERS);
    expect([missing.status, messageOf(missing.body)]).toEqual([400, 'Missing instance-id parameter']);
    for (const query of [
      `instance-id=${id}.x&host=169.254.169.254`,
      `instance-id=${id}.x&host=127.0.0.1&directory=/etc`,
      `instance-id=${id}.x&host=127.0.0.1&directory=/${id}.x/../../..`,
    ]) {
      expect((await fleet.client().get(`/apps/${id}/logs?${query}`)).status).toBe(400);
    }
  }, 60_000);

  it.each([
    ['soft-kill', 'force=false&timeout=10000'],
    ['force-kill', 'force=True'],
  ])(
    'case 158: %s leaves the active instances at once and shows in the killed ones',
    async (signal, query) => {
      const { id } = await running();
      const iid = (await app(fleet.client(), id)).instances['active-instances'][0]?.id ?? '';
      const killed = await post(fleet.client(1), `/apps/${id}/instance/${iid}/kill?${query}`);
      expect([killed.status, parsed(killed)]).toEqual([
        200,
        { 'signal-response': { message: `${signal} successfully sent to ${iid}`, success: true } },
      ]);
      for (const client of fleet.clients) {
        const { instances } = await app(client, id);
        expect(instances['active-instances'].map((each) => each.id)).not.toContain(iid);
        expect(instances['killed-instances'].map((each) => each.id)).toContain(iid);
      }
      const again = await post(fleet.client(), `/apps/${id}/instance/${iid}/kill`);
      expect([again.status, parsed(again)]).toEqual([
        400,
        { 'signal-response': { message: 'instance has already been killed', success: false } },
      ]);
      // min-instances still holds.
      await waitFor('its successor', async () => (await healthyInstances(fleet.client(), id)) === 1, {
        timeoutMs: 20_000,
      });
    },
    60_000,
  );

  it('a soft kill waits for the request that the instance serves', async () => {
    const { token, id } = await running();
    const iid = (await app(fleet.client(), id)).instances['active-instances'][0]?.id ?? '';
    const slow = fleet.client().use(token, '/sleep?sleep-ms=1500');
    await waitFor('the request to be in flight', async () => {
      const { 'request-metrics': metrics } = await app(fleet.client(), id);
      return metrics.outstanding === 1;
    });
    const killed = await post(fleet.client(), `/apps/${id}/instance/${iid}/kill?timeout=10000`);
    expect(killed.status).toBe(200);
    expect((await slow).status).toBe(200);
  }, 60_000);

  it('case 158: an expired instance stays active with its flag, and is replaced', async () => {
    const { id } = await running();
    const iid = (await app(fleet.client(), id)).instances['active-instances'][0]?.id ?? '';
    const answer = await post(fleet.client(), `/apps/${id}/instance/${iid}/expire`);
    expect([answer.status, parsed(answer)]).toEqual([
      200,
      { 'signal-response': { message: `expire successfully sent to ${iid}`, success: true } },
    ]);
    const answeredAt = Date.now();
    // Long enough for whoever asked to find it, though its successor is there in no time.
    while (Date.now() - answeredAt < 3_500) {
      for (const client of fleet.clients) {
        const { instances } = await client.json<{
          instances: { 'active-instances': { id: string; flags: string[] }[] };
        }>(`/apps/${id}`);
        const expired = instances['active-instances'].find((each) => each.id === iid);
        expect(expired?.flags).toContain('expired');
      }
      await pause(250);
    }
    await waitFor(
      'a successor alone',
      async () => {
        const ids = (await app(fleet.client(), id)).instances['active-instances'].map((each) => each.id);
        return ids.length === 1 && ids[0] !== iid;
      },
      { timeoutMs: 40_000 },
    );
  }, 80_000);

  it('case 158: signals refuse what they cannot do', async () => {
    const { id } = await running();
    const unknown = await post(fleet.client(), `/apps/${id}/instance/${id}.none/kill`);
    expect([unknown.status, parsed(unknown)]).toEqual([
      404,
      { 'signal-response': { message: 'instance does not exist', success: false } },
    ]);
    const stopped = await fleet.client().ask(`/apps/${id}?timeout=10000`, { method: 'DELETE' });
    expect(stopped.status).toBe(200);
    const gone = await post(fleet.client(), `/apps/${id}/instance/${id}.none/expire`);
    expect([gone.status, parsed(gone)]).toEqual([
      404,
      { 'signal-response': { message: 'service does not exist', success: false } },
    ]);
  }, 60_000);

  it('case 161: extra-ports are PORT1 and on, port is PORT0', async () => {
    const { token, id } = await running({ ports: 8 });
    const { instances } = await fleet
      .client()
      .json<{ instances: { 'active-instances': { port: number; 'extra-ports': number[] }[] } }>(
        `/apps/${id}`,
      );
    const [instance] = instances['active-instances'];
    const environment = parsed(await fleet.client().use(token, '/environment'));
    expect(instance?.['extra-ports']).toHaveLength(7);
    expect(instance?.['extra-ports'].map(String)).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((n) => environment[`PORT${n}`]),
    );
    expect(String(instance?.port)).toBe(environment['PORT0']);
  }, 40_000);

  it('/apps/instances streams them as they come and go', async () => {
    const token = `services-api-${(names += 1)}`;
    await fleet.client().register(token, kitchenService({ name: token }));
    let text = '';
    // Not by fetch: after an abort it opens a connection that it never uses, which a draining router waits for.
    const watching = request(
      `${fleet.client(1).url}/apps/instances?watch=true&name=${token}`,
      { agent: false },
      (response) => {
        response.on('data', (piece: Buffer) => (text += piece.toString('utf8')));
        response.on('error', () => undefined);
      },
    );
    watching.on('error', () => undefined).end();
    const events = (): {
      type: string;
      object: { 'healthy-instances'?: Record<string, { id: string }[]> };
    }[] =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    await waitFor('the first object', () => events().length > 0);
    expect(events()[0]).toMatchObject({ id: expect.any(String), type: 'initial', object: {} });
    const answer = await fleet.client().use(token, '/status', { 'x-waiter-debug': 'true' });
    const id = String(answer.headers['x-waiter-service-id']);
    const updated = await waitFor('an update', () => events()[1]?.object['healthy-instances']?.['updated']);
    expect(updated).toMatchObject([{ 'service-id': id, 'healthy?': true }]);
    await fleet.client().ask(`/apps/${id}?timeout=10000`, { method: 'DELETE' });
    const removed = await waitFor('a removal', () =>
      events()
        .flatMap((event) => event.object['healthy-instances']?.['removed'] ?? [])
        .at(0),
    );
    expect(removed.id).toBe(updated[0]?.id);
    watching.destroy();
  }, 60_000);
});

describe('/waiter-ping', () => {
  const ping = async (
    headers: Record<string, string>,
    { method = 'POST', path = '/waiter-ping' } = {},
  ): Promise<Answer & { json: Record<string, Body> }> => {
    const answer = await fleet.client().ask(path, { method, headers: { ...JSON_HEADERS, ...headers } });
    return { ...answer, json: JSON.parse(answer.body) as Record<string, Body> };
  };

  it('ping case 76, ping case 81: starts the service and answers with what its health check said', async () => {
    const token = `services-api-${(names += 1)}`;
    await fleet.client().register(token, kitchenService({ name: token }));
    const { status, headers, json } = await ping({ 'x-waiter-token': token, 'x-waiter-debug': 'true' });
    const id = String(headers['x-waiter-service-id']);
    expect(status).toBe(200);
    expect(json['ping-response']).toMatchObject({ result: 'received-response', status: 200 });
    expect(json['service-state']).toEqual({
      'exists?': true,
      'healthy?': true,
      'service-id': id,
      status: 'Running',
    });
    expect(json['service-description']).toEqual(
      (await fleet.client(1).json<Body>(`/apps/${id}`))['service-description'],
    );
    const used = await fleet.client(1).use(token, '/status', { 'x-waiter-debug': 'true' });
    expect(json['ping-response']?.['instance']).toEqual({
      id: used.headers['x-waiter-backend-id'],
      host: used.headers['x-waiter-backend-host'],
      port: Number(used.headers['x-waiter-backend-port']),
    });
    // A killed service is started again by its id.
    await fleet.client().ask(`/apps/${id}?timeout=10000`, { method: 'DELETE' });
    const byId = await ping({ 'x-waiter-token': `^SERVICE-ID#${id}` });
    expect(byId.json['ping-response']).toMatchObject({ result: 'received-response', status: 200 });
    expect(byId.json['service-state']).toMatchObject({ 'service-id': id, status: 'Running' });
  }, 60_000);

  /** A server of HTTP/2 without TLS, and nothing else. */
  const HTTP2 = `node -e "require('http2').createServer((q, s) => s.end('by HTTP/2')).listen(process.env.PORT0)"`;
  /** What is checked comes up last: an instance that fails its first request would be out of rotation for 10 s. */
  const check = (index: number): string =>
    `until bash -c "exec 3<>/dev/tcp/127.0.0.1/$PORT0" 2>/dev/null; do sleep 0.05; done; exec ${kitchenCommand()} -p $PORT${index}`;
  it.each([
    ['http', 'http', 2, `${kitchenCommand()} -p $PORT0 & ${check(2)}`, 'Hello World'],
    ['h2c', 'http', 1, `${HTTP2} & ${check(1)}`, 'by HTTP/2'],
    ['h2c', 'http', 2, `${HTTP2} & ${check(2)}`, 'by HTTP/2'],
  ])(
    'ping case 80: backend %s, health check %s at port index %i',
    async (proto, checkProto, index, cmd, body) => {
      const token = `ping-${proto}-${index}`;
      const description = {
        cmd,
        ports: 3,
        'backend-proto': proto,
        'health-check-proto': checkProto,
        'health-check-port-index': index,
      };
      await fleet.client().register(token, kitchenService({ name: token, ...description }));
      const answer = await fleet.client().use(token, '/waiter-ping');
      const { 'ping-response': response, 'service-state': state } = parsed(answer) as Record<string, Body>;
      expect(response).toMatchObject({ result: 'received-response', status: 200, body: 'Hello World' });
      expect(state).toMatchObject({ 'exists?': true, 'healthy?': true, status: 'Running' });
      const next = await fleet.client().use(token, '/hello', { 'x-waiter-debug': 'true' });
      expect(next).toMatchObject({ status: 200, body });
      // The instance is named by the port that requests go to.
      expect(response?.['instance']).toEqual({
        host: next.headers['x-waiter-backend-host'],
        id: next.headers['x-waiter-backend-id'],
        port: Number(next.headers['x-waiter-backend-port']),
      });
    },
    60_000,
  );

  it('ping case 77: a token that makes no service is a descriptor error', async () => {
    const missing = await ping({ 'x-waiter-token': 'no-such-token' });
    expect(missing.status).toBe(200);
    expect(missing.json['ping-response']).toMatchObject({ result: 'descriptor-error', status: 404 });
    expect(messageOf(String(missing.json['ping-response']?.['body']))).toContain('Token not found');
    const token = `services-api-${(names += 1)}`;
    await fleet.client().register(token, { version: '1' });
    const partial = await ping({ 'x-waiter-token': token });
    expect(partial.json['ping-response']).toMatchObject({ result: 'descriptor-error', status: 400 });
    expect(partial.json).toMatchObject({
      'service-description': null,
      'service-state': { 'exists?': false, 'healthy?': false, 'service-id': null, status: 'Inactive' },
    });
  });

  it('ping case 79: answers at x-waiter-timeout while the service starts; ping case 78: exclude=service-state', async () => {
    const token = `services-api-${(names += 1)}`;
    const cmd = `${String(kitchenService()['cmd'])} --start-up-sleep-ms 600000`;
    await fleet.client().register(token, kitchenService({ name: token, cmd, 'grace-period-secs': 600 }));
    const late = await ping({ 'x-waiter-token': token, 'x-waiter-timeout': '3000' });
    expect(late.ms).toBeLessThan(10_000);
    expect(late.json['ping-response']).toMatchObject({ result: 'timed-out' });
    expect(late.json['service-state']).toMatchObject({
      'exists?': true,
      'healthy?': false,
      status: 'Starting',
    });
    const short = { 'x-waiter-token': token, 'x-waiter-timeout': '300' };
    const { json } = await ping(short, { path: '/waiter-ping?exclude=service-state' });
    expect(json['service-state']).toEqual({
      result: 'excluded',
      'service-id': late.json['service-state']?.['service-id'],
    });
  }, 40_000);

  it('says in time that a service cannot start', async () => {
    const token = `services-api-${(names += 1)}`;
    await fleet.client().register(token, kitchenService({ name: token, cmd: 'exit 1' }));
    const { json } = await ping({ 'x-waiter-token': token });
    expect(json['ping-response']).toMatchObject({ result: 'received-response', status: 503 });
    expect(messageOf(String(json['ping-response']?.['body']))).toContain(
      'Deployment error: Invalid startup command',
    );
    expect(json['service-state']).toMatchObject({ status: 'Failing', 'healthy?': false });
  }, 40_000);

  it('ping case 84, case 125: a token in maintenance is a waiter response', async () => {
    const token = `services-api-${(names += 1)}`;
    const maintenance = { message: 'back at noon' };
    await fleet.client().register(token, kitchenService({ name: token, maintenance }));
    const { status, json, headers } = await ping({ 'x-waiter-token': token, 'x-waiter-debug': 'true' });
    expect([status, headers['x-waiter-service-id']]).toEqual([200, undefined]);
    expect(json['ping-response']).toMatchObject({ result: 'waiter-response', status: 503 });
    const inner = JSON.parse(String(json['ping-response']?.['body'])) as Record<string, Body>;
    expect(inner['waiter-error']?.['details']).toMatchObject({ 'error-class': 'waiter.Maintenance' });
    expect(json).toMatchObject({
      'service-description': null,
      'service-state': { 'exists?': false, 'healthy?': false, 'service-id': null, status: 'Inactive' },
    });
  });

  it.each([
    ['GET', 301],
    ['POST', 307],
  ])('case 122: %s for a token that demands https is sent there', async (method, status) => {
    const token = `services-api-${(names += 1)}`;
    await fleet.client().register(token, kitchenService({ name: token, 'https-redirect': true }));
    const answer = await ping({ host: token }, { method });
    expect([answer.status, answer.headers['location']]).toEqual([status, `https://${token}/waiter-ping`]);
    expect(answer.json['ping-response']).toMatchObject({ result: 'waiter-response', status: 301 });
    expect(answer.json['service-state']).toMatchObject({
      'exists?': false,
      'healthy?': false,
      status: 'Inactive',
    });
  });

  it('case 124: a descriptor error comes before the redirect', async () => {
    const token = `services-api-${(names += 1)}`;
    await fleet
      .client()
      .register(token, { ...kitchenService({ name: token }), cpus: undefined, 'https-redirect': true });
    for (const method of ['GET', 'POST']) {
      const { status, json } = await ping({ host: token }, { method });
      expect(status).toBe(200);
      expect(json['ping-response']).toMatchObject({ result: 'descriptor-error', status: 400 });
      expect(String(json['ping-response']?.['body'])).toContain('improperly configured');
    }
  });

  it('ping case 82: include=fallback pings the version that serves', async () => {
    const { token, id } = await running({ 'fallback-period-secs': 300 });
    const cmd = `${String(kitchenService()['cmd'])} --start-up-sleep-ms 600000`;
    await fleet
      .client()
      .register(token, kitchenService({ name: token, cmd, 'fallback-period-secs': 300, version: '2' }));
    const headers = { 'x-waiter-token': token, 'x-waiter-timeout': '2000' };
    const fallen = await ping(headers, { path: '/waiter-ping?include=fallback' });
    expect(fallen.json['service-state']).toMatchObject({ 'service-id': id, status: 'Running' });
    const latest = await ping(headers);
    expect(latest.json['ping-response']).toMatchObject({ result: 'timed-out' });
    const second = String(latest.json['service-state']?.['service-id']);
    expect(second).not.toBe(id);
    // case 117: what the API says of the two
    const shown = await fleet.client(1).json<Body>(`/apps/${second}?include=token-fallback`);
    expect(shown).toMatchObject({ 'token-fallback': { 'service-id': id }, 'current-for-tokens': [token] });
    const idOf = async (query: string, more = {}): Promise<string> =>
      (await fleet.client().get(`/service-id${query}`, { 'x-waiter-token': token, ...more })).body;
    expect(await idOf('')).toBe(id);
    expect(await idOf('?latest=true')).toBe(second);
    expect(await idOf('', { 'x-waiter-fallback-period-secs': '0' })).toBe(second);
  }, 60_000);
});
