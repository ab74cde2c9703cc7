import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock, type Json } from '@waiter/core';
import { waitFor } from '@waiter/testkit';
import type { Scheduler, SchedulerEvent, ServiceSpec } from '../port';
import { createMarathonScheduler } from './marathon-scheduler';
import type { MarathonOptions } from './options';

/**
 * What a real Marathon rarely says: a server on a real socket that answers from a script. The usual things are
 * tried against mini-marathon by the conformance suite.
 */
interface Scripted {
  readonly url: string;
  readonly requests: {
    readonly line: string;
    readonly headers: IncomingMessage['headers'];
    readonly body: Json;
  }[];
  close(): Promise<void>;
}
type Reply =
  { status?: number; body?: Json; headers?: Record<string, string> } | ((response: ServerResponse) => void);

const ID = 'waiter-service-x';
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A certificate for localhost, by the openssl that the machine has. */
function selfSigned(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  try {
    const [key, cert] = [join(folder, 'key'), join(folder, 'cert')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const out = ['-keyout', key, '-out', cert, '-days', '2', '-nodes'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...subject, ...out], { stdio: 'ignore' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `script` maps "METHOD /path" (without the query) to answers; each is used once, the last one again and again. */
async function scripted(script: Record<string, Reply[]>): Promise<Scripted> {
  const requests: Scripted['requests'] = [];
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const line = `${request.method} ${request.url}`;
      const text = Buffer.concat(parts).toString();
      requests.push({
        line,
        headers: request.headers,
        body: text === '' ? null : (JSON.parse(text) as Json),
      });
      const replies = script[line.split('?')[0] ?? ''] ?? [
        { status: 500, body: { message: 'URI not found' } },
      ];
      const reply: Reply = (replies.length > 1 ? replies.shift() : replies[0]) ?? {};
      if (typeof reply === 'function') return reply(response);
      response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers });
      response.end(JSON.stringify(reply.body ?? {}));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  closers.push(close);
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, close };
}

function driver(options: Partial<MarathonOptions> & Pick<MarathonOptions, 'url'>): Scheduler {
  const scheduler = createMarathonScheduler({ servicePrefix: 'waiter-service-', ...options });
  closers.push(() => scheduler.close());
  return scheduler;
}

const lines = ({ requests }: Scripted): string[] => requests.map(({ line }) => line);
const spec: ServiceSpec = {
  id: ID,
  description: { cmd: 'run' },
  effective: { cmd: 'run', cpus: 1, mem: 1, 'run-as-user': 'alice' },
  environment: {},
  instances: 2,
};
const locked = { status: 409, body: { message: 'App is locked', deployments: [{ id: 'd1' }] } };
const deployment = (action: string, version: string): Json => ({
  id: 'd1',
  version,
  affectedApps: [`/${ID}`],
  currentActions: [{ action, app: `/${ID}` }],
});
const clock = new ManualClock(Date.parse('2024-05-01T12:00:00.000Z'));
const done = { body: { version: 'v', deploymentId: 'd2' } };

describe('create (4A.3)', () => {
  test('one POST, and nothing else', async () => {
    const marathon = await scripted({ 'POST /v2/apps': [{ status: 201 }] });
    expect(await driver({ url: marathon.url }).create(spec)).toBe(true);
    expect(lines(marathon)).toEqual(['POST /v2/apps']);
    expect(marathon.requests[0]?.body).toMatchObject({ id: ID, instances: 2, cmd: 'run', user: 'alice' });
    expect(marathon.requests[0]?.headers['user-agent']).toBe('waiter-marathon');
  });

  test('409 "already exists" is false', async () => {
    const exists = { status: 409, body: { message: `An app with id [/${ID}] already exists.` } };
    const marathon = await scripted({ 'POST /v2/apps': [exists] });
    expect(await driver({ url: marathon.url }).create(spec)).toBe(false);
    expect(lines(marathon)).toEqual(['POST /v2/apps']);
  });

  test('case 65: a deletion that hangs for more than five minutes is given up', async () => {
    const marathon = await scripted({
      'POST /v2/apps': [locked, { status: 201 }],
      'GET /v2/deployments': [{ body: [deployment('StopApplication', '2024-05-01T11:54:59.999Z')] }],
      'DELETE /v2/deployments/d1': [{ status: 202 }],
    });
    expect(await driver({ url: marathon.url, clock }).create(spec)).toBe(true);
    expect(lines(marathon)).toEqual([
      'POST /v2/apps',
      'GET /v2/deployments',
      'DELETE /v2/deployments/d1?force=true',
      'POST /v2/apps',
    ]);
  });

  test.each([
    ['a younger deletion', [deployment('StopApplication', '2024-05-01T11:55:00.001Z')]],
    ['another deployment', [deployment('ScaleApplication', '2024-05-01T11:00:00.000Z')]],
    ['one that is over', []],
  ])('case 65: %s is left alone: it may be tried again later', async (_name, deployments) => {
    const marathon = await scripted({
      'POST /v2/apps': [locked],
      'GET /v2/deployments': [{ body: deployments }],
    });
    const creating = driver({ url: marathon.url, clock }).create(spec);
    await expect(creating).rejects.toMatchObject({ status: 409, transient: true });
    expect(lines(marathon)).toEqual(['POST /v2/apps', 'GET /v2/deployments']);
  });

  test('case 65: a second conflict is not fought again', async () => {
    const marathon = await scripted({
      'POST /v2/apps': [locked],
      'GET /v2/deployments': [{ body: [deployment('StopApplication', '2024-05-01T11:00:00.000Z')] }],
      'DELETE /v2/deployments/d1': [{ status: 202 }],
    });
    await expect(driver({ url: marathon.url, clock }).create(spec)).rejects.toMatchObject({ status: 409 });
    expect(lines(marathon)).toHaveLength(4);
  });

  test('what Marathon finds wrong is in the message, and no retry helps', async () => {
    const details = [{ path: '/id', errors: ['must be lower case'] }];
    const marathon = await scripted({
      'POST /v2/apps': [{ status: 422, body: { message: 'Object is not valid', details } }],
    });
    await expect(driver({ url: marathon.url }).create(spec)).rejects.toMatchObject({
      message: 'Marathon answered 422 to POST /v2/apps: Object is not valid; /id: must be lower case',
      status: 422,
      transient: false,
    });
  });

  test('case 34: 3.3 a gateway error is tried again', async () => {
    const marathon = await scripted({ 'POST /v2/apps': [{ status: 502 }, { status: 503 }, { status: 201 }] });
    expect(await driver({ url: marathon.url }).create(spec)).toBe(true);
    expect(lines(marathon)).toHaveLength(3);
  });
});

describe('scale (4A.4)', () => {
  test('case 63: one PUT with the count and force', async () => {
    const marathon = await scripted({ [`PUT /v2/apps/${ID}`]: [done] });
    await driver({ url: marathon.url }).scale(ID, 4);
    expect(lines(marathon)).toEqual([`PUT /v2/apps/${ID}?force=true`]);
    expect(marathon.requests[0]?.body).toEqual({ instances: 4 });
  });

  test('case 63: force cancels the deployments of this service, and never shrinks what runs', async () => {
    const other = { id: 'd9', version: 'v', affectedApps: ['/other'], currentActions: [] };
    const tasks = [{ id: `${ID}.1` }, { id: `${ID}.2` }, { id: `${ID}.3` }];
    const marathon = await scripted({
      'GET /v2/deployments': [{ body: [other, deployment('ScaleApplication', 'v')] }],
      'DELETE /v2/deployments/d1': [{ status: 202 }],
      [`GET /v2/apps/${ID}`]: [{ body: { app: { id: `/${ID}`, instances: 5, tasks } } }],
      [`PUT /v2/apps/${ID}`]: [done],
    });
    await driver({ url: marathon.url }).scale(ID, 2, { force: true });
    expect(lines(marathon).map((line) => line.split('?')[0])).toEqual([
      'GET /v2/deployments',
      'DELETE /v2/deployments/d1',
      `GET /v2/apps/${ID}`,
      `PUT /v2/apps/${ID}`,
    ]);
    expect(marathon.requests[3]?.body).toEqual({ instances: 3 });
  });

  test.each([
    [409, true],
    [503, true],
    [401, false],
  ])('%d rejects, transient: %s', async (status, transient) => {
    const marathon = await scripted({ [`PUT /v2/apps/${ID}`]: [{ status }] });
    await expect(driver({ url: marathon.url }).scale(ID, 4)).rejects.toMatchObject({ status, transient });
  });
});

describe('kill (4A.5)', () => {
  const tasks = { body: { tasks: [{ id: `${ID}.1` }] } };
  const GET = `GET /v2/apps/${ID}/tasks`;
  const DELETE = `DELETE /v2/apps/${ID}/tasks/${ID}.1`;
  const victim = { id: `${ID}.1`, serviceId: ID };

  test.each<[string, Reply, object]>([
    ['a deployment id', done, { killed: true }],
    ['no deployment id', { body: {} }, { killed: false, message: 'Unable to kill instance', status: 500 }],
    ['409', locked, { killed: false, message: 'Locked by one or more deployments', status: 409 }],
    ['403', { status: 403, body: { message: 'no' } }, { killed: false, message: 'no', status: 403 }],
    ['404', { status: 404, body: { message: 'gone' } }, { killed: false, message: 'gone', status: 404 }],
    ['500', { status: 500, body: { message: 'x' } }, { killed: false, message: 'x', status: 500 }],
  ])('case 61: %s', async (_name, reply, expected) => {
    const marathon = await scripted({ [GET]: [tasks], [DELETE]: [reply] });
    expect(await driver({ url: marathon.url }).kill(victim)).toEqual(expected);
    expect(lines(marathon)[1]).toBe(`${DELETE}?force=false&scale=true`);
  });

  test('an answer that breaks off is a refusal, and is not tried again: it may have been done', async () => {
    const marathon = await scripted({ [GET]: [tasks], [DELETE]: [(response) => void response.destroy()] });
    expect(await driver({ url: marathon.url }).kill(victim)).toMatchObject({ killed: false, status: 500 });
    expect(lines(marathon)).toHaveLength(2);
  });

  test('case 61: forced once kills of the service have failed for more than a minute, until one succeeds', async () => {
    const manual = new ManualClock();
    const marathon = await scripted({ [GET]: [tasks], [DELETE]: [locked, locked, done, done] });
    const scheduler = driver({ url: marathon.url, clock: manual });
    await scheduler.kill(victim);
    manual.advance(60_000);
    await scheduler.kill(victim);
    manual.advance(1);
    expect(await scheduler.kill(victim)).toEqual({ killed: true });
    await scheduler.kill(victim);
    const kills = lines(marathon).filter((line) => line.startsWith('DELETE'));
    expect(kills.map((line) => line.includes('force=true'))).toEqual([false, false, true, false]);
  });

  test('an unknown task is not killed; Marathon would say it was (4B.4)', async () => {
    const marathon = await scripted({ [GET]: [tasks] });
    const result = await driver({ url: marathon.url }).kill({ id: `${ID}.2`, serviceId: ID });
    expect(result).toEqual({ killed: false, message: 'No such instance', status: 404 });
    expect(lines(marathon)).toHaveLength(1);
  });
});

describe('delete (4A.6)', () => {
  const DELETE = `DELETE /v2/apps/${ID}`;
  test.each<[string, Reply, string]>([
    ['a deployment id', done, 'deleted'],
    ['404', { status: 404, body: { message: `App '/${ID}' does not exist` } }, 'no-such-service'],
    ['409', locked, 'busy'],
    ['503', { status: 503 }, 'busy'],
  ])('case 62: %s', async (_name, reply, expected) => {
    const marathon = await scripted({ [DELETE]: [reply] });
    expect(await driver({ url: marathon.url }).delete(ID)).toBe(expected);
    expect(lines(marathon)).toEqual([DELETE]);
  });

  test('case 62: an answer without a deployment id is an error', async () => {
    const marathon = await scripted({ [DELETE]: [{}] });
    await expect(driver({ url: marathon.url }).delete(ID)).rejects.toThrow('did not provide deploymentId');
  });
});

describe('list (4A.1, 4A.7)', () => {
  test('only our apps, with the embeds of tasks and failures', async () => {
    const apps = [{ id: `/${ID}`, instances: 1 }, { id: '/other', instances: 1 }, 7];
    const marathon = await scripted({ 'GET /v2/apps': [{ body: { apps } }] });
    expect((await driver({ url: marathon.url }).list()).map(({ id }) => id)).toEqual([ID]);
    expect(lines(marathon)).toEqual(['GET /v2/apps?embed=apps.lastTaskFailure&embed=apps.tasks']);
  });

  test('log directories need the framework id, which is asked for once', async () => {
    const app = { id: `/${ID}`, instances: 1, tasks: [{ id: `${ID}.1`, slaveId: 's1' }] };
    const marathon = await scripted({
      'GET /v2/info': [{ body: { frameworkId: 'f1' } }],
      'GET /v2/apps': [{ body: { apps: [app] } }],
    });
    const scheduler = driver({ url: marathon.url, agentDirectory: '/var/mesos' });
    await scheduler.list();
    const [service] = await scheduler.list();
    expect(service?.active[0]?.logDirectory).toBe(
      `/var/mesos/s1/frameworks/f1/executors/${ID}.1/runs/latest`,
    );
    expect(lines(marathon).filter((line) => line === 'GET /v2/info')).toHaveLength(1);
  });

  test('case 34: 3.3 an error that stays is thrown after five attempts', async () => {
    const marathon = await scripted({ 'GET /v2/apps': [{ status: 500, body: { message: 'boom' } }] });
    await expect(driver({ url: marathon.url }).list()).rejects.toMatchObject({
      status: 500,
      transient: true,
    });
    expect(lines(marathon)).toHaveLength(5);
  });
});

describe('drift repair (4A.8)', () => {
  const PUT = `PUT /v2/apps/${ID}`;
  const app = (instances: number, tasks: number, more = {}): Json => ({
    id: `/${ID}`,
    instances,
    tasks: Array.from({ length: tasks }, (_, number) => ({ id: `${ID}.${number}` })),
    deployments: [],
    ...more,
  });
  const answer = (...apps: Json[]): Reply => ({ body: { apps } });
  /** One look every 15 s at what Marathon shows. @returns what was scaled to at the end of each */
  async function looks(shown: readonly Reply[], rest?: (scheduler: Scheduler, look: number) => void) {
    const marathon = await scripted({ 'GET /v2/apps': [...shown], [PUT]: [done] });
    const manual = new ManualClock(0);
    const scheduler = driver({ url: marathon.url, clock: manual });
    const scaled: Json[][] = [];
    for (let look = 0; look < shown.length; look++) {
      manual.advance(15_000);
      await scheduler.maintain?.();
      rest?.(scheduler, look);
      scaled.push(marathon.requests.flatMap(({ line, body }) => (line.startsWith(PUT) ? [body] : [])));
    }
    return { scaled, marathon };
  }
  const nothing = (count: number): Json[][] => Array.from({ length: count }, () => []);

  test('case 64: the count is set to what exists once the same difference is older than four intervals', async () => {
    const { scaled, marathon } = await looks(Array.from({ length: 6 }, () => answer(app(5, 3))));
    expect(scaled).toEqual([...nothing(5), [{ instances: 3 }]]);
    expect(lines(marathon)[0]).toBe('GET /v2/apps?embed=apps.deployments&embed=apps.tasks');
    expect(lines(marathon).at(-1)).toBe(`${PUT}?force=true`);
  });

  test.each<[string, (look: number) => Reply]>([
    ['what is in sync', () => answer(app(3, 3))],
    ['what is being deployed', () => answer(app(5, 3, { deployments: [{ id: 'd' }] }))],
    ['an app of somebody else', () => answer(app(5, 3, { id: '/other-app' }))],
    ['a difference that is another one now', (look) => answer(app(5, look < 4 ? 3 : 2))],
    ['a difference that was gone meanwhile', (look) => answer(app(5, look === 3 ? 5 : 3))],
  ])('case 64: %s is left alone', async (_what, shown) => {
    const { scaled } = await looks(Array.from({ length: 7 }, (_, look) => shown(look)));
    expect(scaled).toEqual(nothing(7));
  });

  test('case 64: who does not lead any more forgets what was out of sync', async () => {
    const { scaled } = await looks(
      Array.from({ length: 8 }, () => answer(app(5, 3))),
      (scheduler, look) => look === 3 && scheduler.rest?.(),
    );
    expect(scaled).toEqual(nothing(8));
  });

  test('a list that fails or a scaling that is refused ends nothing', async () => {
    const marathon = await scripted({
      'GET /v2/apps': [{ status: 401 }, ...Array.from({ length: 7 }, () => answer(app(5, 3)))],
      [PUT]: [locked],
    });
    const manual = new ManualClock(0);
    const scheduler = driver({ url: marathon.url, clock: manual });
    await expect(scheduler.maintain?.()).rejects.toMatchObject({ status: 401 });
    for (let look = 0; look < 7; look++) {
      manual.advance(15_000);
      await scheduler.maintain?.();
    }
    expect(lines(marathon).filter((line) => line.startsWith(PUT)).length).toBe(1);
  });
});

describe('several masters', () => {
  const empty = { body: { apps: [] } };

  test('one that is down is skipped at once, and the one that answered is kept', async () => {
    const gone = await scripted({});
    await gone.close();
    const up = await scripted({ 'GET /v2/apps': [empty] });
    const scheduler = driver({ url: [gone.url, up.url] });
    await scheduler.list();
    await scheduler.list();
    expect(up.requests).toHaveLength(2);
  });

  test('after a gateway error the next one is asked', async () => {
    const lost = await scripted({ 'GET /v2/apps': [{ status: 502 }] });
    const up = await scripted({ 'GET /v2/apps': [empty] });
    await driver({ url: [lost.url, up.url] }).list();
    expect([lost.requests.length, up.requests.length]).toEqual([1, 1]);
  });

  test('a redirect to the leader is followed with method and body; credentials go to configured hosts only', async () => {
    const leader = await scripted({ 'POST /v2/apps': [{ status: 201 }] });
    const location = `${leader.url}/v2/apps`;
    const follower = await scripted({ 'POST /v2/apps': [{ status: 302, headers: { location } }] });
    const auth = { username: 'u', password: 'p' };
    await driver({ url: follower.url, auth }).create(spec);
    expect(follower.requests[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('u:p').toString('base64')}`,
    );
    expect(leader.requests[0]?.body).toMatchObject({ id: ID });
    expect(leader.requests[0]?.headers.authorization).toBeUndefined();
    await driver({ url: [follower.url, leader.url], auth }).create(spec);
    expect(leader.requests[1]?.headers.authorization).toBeDefined();
  });

  test('the one that an answer names as leader is asked next; a stranger never is', async () => {
    const leader = await scripted({ 'GET /v2/apps': [empty] });
    const stranger = await scripted({ 'GET /v2/apps': [empty] });
    const named = (url: string): Reply => ({ ...empty, headers: { 'x-marathon-leader': url } });
    const follower = await scripted({ 'GET /v2/apps': [named(stranger.url), named(leader.url)] });
    const scheduler = driver({ url: [follower.url, leader.url] });
    for (let call = 0; call < 3; call++) await scheduler.list();
    expect([follower, leader, stranger].map(({ requests }) => requests.length)).toEqual([2, 1, 0]);
  });

  test('a token goes out as Bearer, or as DC/OS writes it', async () => {
    const marathon = await scripted({ 'GET /v2/apps': [empty] });
    await driver({ url: marathon.url, auth: { token: 'abc' } }).list();
    await driver({ url: marathon.url, auth: { token: 'abc', scheme: 'token' } }).list();
    expect(marathon.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer abc',
      'token=abc',
    ]);
  });

  test('over TLS only a certificate of a known authority is taken; credentials in the URL stay out of messages', async () => {
    const { key, cert } = selfSigned();
    const server = createTlsServer({ key, cert }, (_request, response) => response.end('{"apps":[]}'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(async () => {
      server.closeAllConnections();
      server.close();
    });
    const url = `https://me:secret@localhost:${(server.address() as AddressInfo).port}`;
    expect(await driver({ url, ca: cert }).list()).toEqual([]);
    const refusal = await driver({ url })
      .list()
      .catch((error: unknown) => error as Error);
    expect(refusal).toMatchObject({ status: null, transient: true });
    expect(JSON.stringify(refusal) + String(refusal)).not.toContain('secret');
  });

  test('redirects in a circle are a transient error', async () => {
    const circle = await scripted({
      [`PUT /v2/apps/${ID}`]: [{ status: 307, headers: { location: `/v2/apps/${ID}` } }],
    });
    await expect(driver({ url: circle.url }).scale(ID, 1)).rejects.toMatchObject({ transient: true });
    expect(circle.requests).toHaveLength(4);
  });

  test('no answer in time is a transient error', async () => {
    const silent = await scripted({ [`PUT /v2/apps/${ID}`]: [() => undefined] });
    const scheduler = driver({ url: silent.url, requestTimeoutMs: 100 });
    await expect(scheduler.scale(ID, 1)).rejects.toMatchObject({ status: null, transient: true });
  });
});

describe('events', () => {
  const running = (number: number): string =>
    `event: status_update_event\ndata: ${JSON.stringify({
      eventType: 'status_update_event',
      timestamp: '2024-05-01T10:00:00.000Z',
      taskId: `${ID}.${number}`,
      taskStatus: 'TASK_RUNNING',
      appId: `/${ID}`,
      host: '127.0.0.1',
      ports: [4000 + number],
    })}\n\n`;
  const open = (text: string): Reply => {
    return (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(text);
    };
  };
  const started = (events: SchedulerEvent[]): string[] =>
    events.flatMap((event) => (event.type === 'started' ? [event.instance.id] : []));
  const changes = (events: SchedulerEvent[]): number =>
    events.filter(({ type }) => type === 'changed').length;

  test('a stream that ends is opened again, also over a redirect', async () => {
    const leader = await scripted({
      'GET /v2/events': [(response) => response.end(running(1)), open(running(2))],
    });
    const location = `${leader.url}/v2/events`;
    const marathon = await scripted({ 'GET /v2/events': [{ status: 302, headers: { location } }] });
    const scheduler = driver({ url: marathon.url, reconcileMs: 60_000 });
    const events: SchedulerEvent[] = [];
    scheduler.subscribe((event) => events.push(event));
    await waitFor('both streams', () => started(events).length === 2);
    expect(started(events)).toEqual([`${ID}.1`, `${ID}.2`]);
    expect(changes(events)).toBe(2);
    expect(marathon.requests[0]?.headers.accept).toBe('text/event-stream');
    expect(marathon.requests[0]?.line).toContain('event_type=status_update_event');
    expect(marathon.requests[0]?.line).toContain('plan-format=light');
  });

  test('a stream that falls silent is opened again', async () => {
    const marathon = await scripted({ 'GET /v2/events': [open(running(1)), open(running(2))] });
    const events: SchedulerEvent[] = [];
    driver({ url: marathon.url, eventSilenceMs: 200, reconcileMs: 60_000 }).subscribe((event) =>
      events.push(event),
    );
    await waitFor('the second stream', () => started(events).includes(`${ID}.2`));
  });

  test('without a stream, listeners are told to list again and again', async () => {
    const marathon = await scripted({ 'GET /v2/events': [{ status: 405 }] });
    const events: SchedulerEvent[] = [];
    driver({ url: marathon.url, reconcileMs: 20 }).subscribe((event) => events.push(event));
    await waitFor('three changes', () => changes(events) >= 3);
  });

  test('a listener that throws does not end the stream for others; after close nothing comes', async () => {
    const marathon = await scripted({ 'GET /v2/events': [open(running(1) + running(2))] });
    const scheduler = driver({ url: marathon.url, reconcileMs: 20 });
    const events: SchedulerEvent[] = [];
    scheduler.subscribe(() => {
      throw new Error('mine');
    });
    scheduler.subscribe((event) => events.push(event));
    await waitFor('both events', () => started(events).length === 2);
    await scheduler.close();
    const { length } = events;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(events).toHaveLength(length);
    await expect(scheduler.scale(ID, 1)).rejects.toMatchObject({ transient: true });
  });
});
