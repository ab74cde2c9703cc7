import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { MiniMarathonOptions } from './options';
import { startMiniMarathon } from './server';
import { FAST_CHECK, processesOf, type ShownApp, TestServer, until, WEB_SERVER } from './test-support';

/** A server in a process of its own, so that it can be killed. It tells its URL on stdout. */
async function startProcess(
  folder: string,
  dataDir: string,
): Promise<{ url: string; process: ChildProcess }> {
  const entry = join(folder, 'entry.ts');
  const outfile = join(folder, 'server.js');
  const start = `startMiniMarathon({ port: 0, dataDir: ${JSON.stringify(dataDir)} })`;
  writeFileSync(
    entry,
    `import { startMiniMarathon } from ${JSON.stringify(join(__dirname, 'index.ts'))};
     void ${start}.then((server) => process.stdout.write(server.url));`,
  );
  buildSync({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    alias: { '@waiter/core': join(__dirname, '../../core/src/index.ts') },
  });
  const child = spawn(process.execPath, [outfile], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(child.stdout, 'data')) as [Buffer];
  return { url: url.toString(), process: child };
}

let folder: string;
let dataDir: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mini-marathon-crash-'));
  dataDir = join(folder, 'data');
});
afterEach(() => {
  // Tasks outlive their server; a test that failed half way has not ended them.
  for (const pid of processesOf(dataDir)) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A server that is in this process, on what another one left. */
async function takeOver(options: Partial<MiniMarathonOptions> = {}): Promise<TestServer> {
  return TestServer.on(await startMiniMarathon({ port: 0, dataDir, ...options }), dataDir);
}

const post = (url: string, app: unknown) =>
  fetch(`${url}/v2/apps`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(app),
  });

describe('a server that is killed by SIGKILL', () => {
  const web = { id: 'web', cmd: WEB_SERVER, instances: 2, healthChecks: [FAST_CHECK] };

  async function killedWith(...apps: unknown[]): Promise<TestServer> {
    const first = await startProcess(folder, dataDir);
    for (const app of apps) await post(first.url, app);
    const client = TestServer.at(first.url, dataDir);
    for (const app of apps) await client.appWhen((app as { id: string }).id, ({ tasks }) => tasks.length > 0);
    await expect(startMiniMarathon({ port: 0, dataDir })).rejects.toThrow(/in use by the server with pid/);
    return Object.assign(client, {
      kill: async () => {
        first.process.kill('SIGKILL');
        await once(first.process, 'exit');
      },
    });
  }

  it('scaling-and-schedulers case 73: leaves its tasks running; the next one takes them over, starts none twice, and goes on with its apps', async () => {
    const first = await killedWith(web);
    const before = await first.settled('web');
    await first.kill?.();
    const pids = processesOf(dataDir);
    expect(pids).toHaveLength(2);
    const answer = await fetch(`http://127.0.0.1:${before.tasks[0]?.ports[0]}/`);
    expect(await answer.text()).toBe(before.tasks[0]?.id);

    const second = await takeOver();
    const after = await second.app('web');
    // At once, before any check of the new server: who reads this must not think that they have become ill.
    const known = ({ tasks }: ShownApp) =>
      tasks.map(({ id, ports, startedAt }) => ({ id, ports, startedAt }));
    expect(known(after)).toHaveLength(2);
    expect(known(after)).toEqual(expect.arrayContaining(known(before)));
    expect(after).toMatchObject({ tasksHealthy: 2, instances: 2, version: before.version, deployments: [] });
    expect(processesOf(dataDir)).toEqual(pids);

    await second.call('PUT', '/v2/apps/web', { instances: 3 });
    const grown = await second.settled('web');
    expect(grown.tasks.map(({ id }) => id)).toEqual(expect.arrayContaining(before.tasks.map(({ id }) => id)));
    expect(new Set(grown.tasks.map(({ ports }) => ports[0])).size).toBe(3);
    const [adopted] = before.tasks;
    await second.call('DELETE', `/v2/apps/web/tasks/${adopted?.id}?scale=true`);
    const shrunk = await second.settled('web');
    expect(shrunk.tasks.map(({ id }) => id)).not.toContain(adopted?.id);
    expect(processesOf(dataDir)).toHaveLength(2);
    expect(await second.stop()).toEqual([]);
  });

  it('scaling-and-schedulers case 73: does not make the next one think that a task which ended meanwhile is there', async () => {
    const first = await killedWith({ ...web, instances: 1 });
    const [task] = (await first.settled('web')).tasks;
    await first.kill?.();
    for (const pid of processesOf(dataDir)) process.kill(pid, 'SIGKILL');
    await until(() => (processesOf(dataDir).length === 0 ? true : undefined));
    const second = await takeOver();
    const after = await second.appWhen('web', ({ tasksHealthy }) => tasksHealthy === 1);
    expect(after.tasks[0]?.id).not.toBe(task?.id);
    expect(after.lastTaskFailure).toMatchObject({ taskId: task?.id, state: 'TASK_LOST' });
    expect(await second.stop()).toEqual([]);
  });

  it('sees the end of a task it has adopted, and replaces it', async () => {
    const first = await killedWith({ ...web, instances: 1 });
    const [task] = (await first.settled('web')).tasks;
    await first.kill?.();
    const second = await takeOver();
    for (const pid of processesOf(dataDir)) process.kill(pid, 'SIGKILL');
    const after = await second.appWhen('web', ({ tasks }) => tasks.length === 1 && tasks[0]?.id !== task?.id);
    expect(after.lastTaskFailure).toMatchObject({
      taskId: task?.id,
      state: 'TASK_FAILED',
      message: expect.stringContaining('nobody knows how'),
    });
    expect(await second.stop()).toEqual([]);
  });

  it('scaling-and-schedulers case 72: does not lose deployments, nor processes that left the group of their task', async () => {
    const cmd = 'sleep 300 & setsid sleep 301 & wait';
    const checks = { healthChecks: [{ ...FAST_CHECK, gracePeriodSeconds: 300 }] };
    const first = await killedWith({ id: 'never', cmd, ...checks });
    const [deployment] = (await first.app('never')).deployments;
    // A shell with two sleeps, one of them out of the group.
    await until(() => (processesOf(dataDir).length === 3 ? true : undefined));
    await first.kill?.();
    const second = await takeOver();
    expect((await second.app('never')).deployments).toEqual([deployment]);
    expect(processesOf(dataDir)).toHaveLength(3);
    expect((await second.call('PUT', '/v2/apps/never', { instances: 2 })).status).toBe(409);
    await second.call('DELETE', `/v2/deployments/${deployment?.id}?force=true`);
    expect((await second.app('never')).deployments).toEqual([]);
    await second.call('DELETE', '/v2/apps/never');
    await until(async () =>
      (await second.call<unknown[]>('GET', '/v2/deployments')).body.length === 0 ? true : undefined,
    );
    // The one that left is found by the next server at the latest.
    await second.stop();
    const third = await takeOver();
    await until(() => (processesOf(dataDir).length === 0 ? true : undefined));
    await third.stop();
  });
});

it('a server that is closed forgets its apps; with keepTasks the next one has them, and the tasks', async () => {
  const app = { id: 'x', cmd: 'exec sleep 300', ports: [] };
  const first = await takeOver();
  await post(first.url, app);
  expect(await first.stop({ keepData: true })).toEqual([]);
  const second = await takeOver({ keepTasks: true });
  expect((await second.call('GET', '/v2/apps')).body).toEqual({ apps: [] });
  await post(second.url, app);
  const before = await second.settled('x');
  expect(await second.stop({ keepData: true })).toHaveLength(1);
  const third = await takeOver();
  expect((await third.app('x')).tasks.map(({ id }) => id)).toEqual(before.tasks.map(({ id }) => id));
  expect(await third.stop()).toEqual([]);
});

it('does not touch a process that only has the pid of an earlier task', async () => {
  const innocent = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
  await (await startMiniMarathon({ port: 0, dataDir, keepTasks: true })).close();
  const versionInfo = { lastScalingAt: '', lastConfigChangeAt: '' };
  const app = { id: '/x', healthChecks: [], versionInfo };
  const ids = { id: 'x.instance-1._app.1', instanceId: 'x.instance-1' };
  const record = { ...ids, app, ports: [], health: [], pid: innocent.pid, startTime: '1' };
  writeFileSync(join(dataDir, 'tasks', 'x.json'), JSON.stringify(record));
  await (await startMiniMarathon({ port: 0, dataDir })).close();
  expect(innocent.exitCode ?? innocent.signalCode).toBeNull();
  innocent.kill('SIGKILL');
  await once(innocent, 'exit');
});

it('starts with files that a crash has left unreadable', async () => {
  await (await startMiniMarathon({ port: 0, dataDir, keepTasks: true })).close();
  for (const kind of ['apps', 'tasks', 'deployments']) writeFileSync(join(dataDir, kind, 'x.json'), '{"id"');
  const server = await takeOver();
  expect((await server.call('GET', '/v2/apps')).body).toEqual({ apps: [] });
  await server.stop();
});

describe('a server that stands by', () => {
  const web = { id: 'web', cmd: WEB_SERVER, instances: 2, healthChecks: [FAST_CHECK] };

  it('passes requests on, redirects event streams, and leads with the same tasks once the leader is killed', async () => {
    const first = await startProcess(folder, dataDir);
    const leader = TestServer.at(first.url, dataDir);
    const second = await takeOver({ standby: true });
    try {
      expect((await second.call('POST', '/v2/apps', web)).status).toBe(201);
      const before = (await second.settled('web')).tasks.map(({ id }) => id);
      expect((await leader.app('web')).tasks.map(({ id }) => id)).toEqual(before);
      const { status, headers } = await second.call('GET', '/v2/apps/none');
      expect([status, headers.get('x-marathon-leader')]).toEqual([404, first.url]);
      expect((await second.call('GET', '/v2/leader')).body).toEqual({ leader: new URL(first.url).host });
      const events = await fetch(`${second.url}/v2/events?event_type=x`, {
        headers: { accept: 'text/event-stream' },
        redirect: 'manual',
      });
      expect([events.status, events.headers.get('location')]).toEqual([
        302,
        `${first.url}/v2/events?event_type=x`,
      ]);
      const loop = { 'x-marathon-via': `1.1 ${new URL(second.url).host}` };
      expect((await second.call('GET', '/v2/apps', undefined, loop)).status).toBe(502);

      first.process.kill('SIGKILL');
      // Asked in between, it waits until somebody leads.
      const app = await second.app('web');
      expect([app.instances, app.tasks.map(({ id }) => id)]).toEqual([2, before]);
      const leading = await second.call('GET', '/v2/leader');
      expect(leading.body).toEqual({ leader: new URL(second.url).host });
      expect(processesOf(dataDir)).toHaveLength(2);
      await second.call('PUT', '/v2/apps/web', { instances: 3 });
      expect((await second.settled('web')).tasksHealthy).toBe(3);
    } finally {
      first.process.kill('SIGKILL');
      await second.stop();
    }
    expect(processesOf(dataDir)).toEqual([]);
  });

  it('leads when the leader abdicates, which then stands by; alone, a leader is elected again', async () => {
    const first = await startProcess(folder, dataDir);
    const leader = TestServer.at(first.url, dataDir);
    const leading = async () => (await leader.call<{ leader: string }>('GET', '/v2/leader')).body.leader;
    const abdicated = { status: 200, body: { message: 'Leadership abdicated' } };
    const hosts = [new URL(first.url).host];
    expect(await leader.call('DELETE', '/v2/leader')).toMatchObject(abdicated);
    expect(await leading()).toBe(hosts[0]);

    const second = await takeOver({ standby: true });
    hosts.push(new URL(second.url).host);
    try {
      expect((await leader.call('POST', '/v2/apps', web)).status).toBe(201);
      const before = (await leader.settled('web')).tasks.map(({ id }) => id);
      const events = await fetch(`${first.url}/v2/events`, { headers: { accept: 'text/event-stream' } });
      expect(await second.call('DELETE', '/v2/leader')).toMatchObject(abdicated);
      // The stream ends, so that its client asks who leads now.
      await events.text();
      await until(async () => ((await leading()) === hosts[1] ? true : undefined));
      for (const server of [leader, second]) {
        expect((await server.app('web')).tasks.map(({ id }) => id)).toEqual(before);
      }
      expect(processesOf(dataDir)).toHaveLength(2);
      const [victim] = (await leader.app('web')).tasks;
      await leader.call('DELETE', `/v2/apps/web/tasks/${victim?.id}?scale=true`);
      expect((await leader.settled('web')).tasks).toHaveLength(1);
    } finally {
      // It is the one that leads: its tasks go, and the other leads what is left.
      expect(await second.stop({ keepData: true })).toEqual([]);
    }
    await until(async () => ((await leading()) === hosts[0] ? true : undefined));
    first.process.kill('SIGKILL');
    await once(first.process, 'exit');
  });

  it('stops without touching what the leader runs', async () => {
    const first = await startProcess(folder, dataDir);
    const second = await takeOver({ standby: true });
    await second.call('POST', '/v2/apps', { ...web, instances: 1 });
    await second.settled('web');
    await second.server.close();
    expect(processesOf(dataDir)).toHaveLength(1);
    await expect(takeOver()).rejects.toThrow('is in use by the server with pid');
    first.process.kill('SIGKILL');
    await once(first.process, 'exit');
    expect(await (await takeOver()).stop()).toEqual([]);
  });
});
