import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestServer, until, WEB_SERVER } from './test-support';

let marathon: TestServer;
beforeEach(async () => {
  marathon = await TestServer.start();
});
afterEach(async () => {
  expect(await marathon.stop()).toEqual([]);
});

it('an image that nobody can pull fails the task before it runs, as the Docker containerizer says', async () => {
  const container = { type: 'DOCKER', docker: { image: 'registry.invalid/app:1', network: 'HOST' } };
  await marathon.call('POST', '/v2/apps', { id: 'imaged', cmd: WEB_SERVER, container, backoffSeconds: 60 });
  const { lastTaskFailure, tasks } = await marathon.appWhen(
    'imaged',
    (app) => app.lastTaskFailure !== undefined,
  );
  expect(lastTaskFailure).toMatchObject({
    state: 'TASK_FAILED',
    message: expect.stringMatching(
      /^Failed to launch container: .*docker.*pull registry\.invalid\/app:1.*no such host/,
    ),
  });
  expect(tasks).toEqual([]);
  // What might be pulled elsewhere is not pulled here: the command runs as it is.
  const docker = { image: 'nginx:1', network: 'HOST' };
  await marathon.call('PUT', '/v2/apps/imaged?force=true', { container: { type: 'DOCKER', docker } });
  expect((await marathon.settled('imaged')).tasksRunning).toBe(1);
});

describe('artifacts', () => {
  let folder: string;
  let web: Server;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'artifacts-'));
    writeFileSync(join(folder, 'run.sh'), '#!/bin/sh\ncat greeting; exec sleep 60\n');
    writeFileSync(join(folder, 'greeting'), 'hello from the archive\n');
    execFileSync('tar', ['-czf', 'greeting.tgz', 'greeting'], { cwd: folder });
    web = createServer((request, response) => {
      if (request.url?.startsWith('/slow')) return;
      if (request.url !== '/files/run.sh?v=1') return void response.writeHead(404).end();
      response.end('#!/bin/sh\ncat greeting; exec sleep 60\n');
    }).listen(0, '127.0.0.1');
    await once(web, 'listening');
  });
  afterEach(async () => {
    web.closeAllConnections();
    web.close();
    rmSync(folder, { recursive: true });
  });
  const url = (path: string) => `http://127.0.0.1:${(web.address() as AddressInfo).port}${path}`;
  const stdout = async (task = ''): Promise<string> =>
    (await marathon.call<string>('GET', `/files/download?path=${task}/stdout`)).body.toString();

  it('are downloaded, copied, unpacked and made executable before the command runs', async () => {
    const fetch = [
      { uri: url('/files/run.sh?v=1'), executable: true },
      { uri: `file://${folder}/greeting.tgz`, cache: true },
      { uri: `${folder}/greeting.tgz`, extract: false, destPath: 'kept/archive.tgz' },
    ];
    await marathon.call('POST', '/v2/apps', { id: 'fetching', cmd: './run.sh', ports: [], fetch });
    const app = await marathon.settled('fetching');
    expect(app.fetch).toEqual([
      { uri: fetch[0]?.uri, extract: true, executable: true, cache: false },
      { uri: fetch[1]?.uri, extract: true, executable: false, cache: true },
      { uri: fetch[2]?.uri, extract: false, executable: false, cache: false, destPath: 'kept/archive.tgz' },
    ]);
    const id = app.tasks[0]?.id;
    await until(async () => ((await stdout(id)) === 'hello from the archive\n' ? true : undefined));
    const kept = await marathon.call<{ path: string }[]>('GET', `/files/browse?path=${id}/kept`);
    expect(kept.body.map(({ path }) => path)).toEqual([`${id}/kept/archive.tgz`]);
  });

  it.each([
    ['are not there', () => ({ uris: [url('/none')] }), 'status 404'],
    ['lie outside', () => ({ fetch: [{ uri: `${folder}/greeting`, destPath: '../../x' }] }), 'outside'],
    ['come by another way', () => ({ uris: ['hdfs://somewhere/x'] }), 'scheme hdfs'],
  ])('that %s fail the task in the words of Mesos', async (_what, artifacts, reason) => {
    await marathon.call('POST', '/v2/apps', {
      id: 'bad',
      cmd: 'exec sleep 60',
      backoffSeconds: 60,
      ...artifacts(),
    });
    const { lastTaskFailure } = await marathon.appWhen('bad', (app) => app.lastTaskFailure !== undefined);
    expect(lastTaskFailure).toMatchObject({
      state: 'TASK_FAILED',
      message: expect.stringMatching(
        /^Failed to launch container: Failed to fetch all URIs for container '[0-9a-f-]{36}' with exit status: 256$/,
      ),
    });
    const path = `${lastTaskFailure?.taskId}/stderr`;
    const said = await marathon.call<{ data: string }>('GET', `/files/read?path=${path}&offset=0`);
    expect(said.body.data).toContain(reason);
  });

  it('keep a task staging, which can be killed then', async () => {
    await marathon.call('POST', '/v2/apps', { id: 'slow', cmd: 'exec sleep 60', uris: [url('/slow')] });
    expect(await marathon.app('slow')).toMatchObject({
      tasksStaged: 1,
      tasksRunning: 0,
      tasks: [{ state: 'TASK_STAGING' }],
    });
    const staging = await marathon.call<{ tasks: unknown[] }>('GET', '/v2/tasks?status=staging');
    expect(staging.body.tasks).toHaveLength(1);
    await marathon.call('DELETE', '/v2/apps/slow');
    await until(async () =>
      (await marathon.call<unknown[]>('GET', '/v2/deployments')).body.length === 0 ? true : undefined,
    );
  });
});

describe('readiness checks', () => {
  it('hold up a deployment until every new task has passed, and are shown meanwhile', async () => {
    const check = { portName: 'web', intervalSeconds: 2, timeoutSeconds: 1, preserveLastResponse: true };
    const cmd = `echo 503 > status; ${WEB_SERVER}`;
    await marathon.call('POST', '/v2/apps', {
      id: 'web',
      cmd,
      portDefinitions: [{ port: 0, name: 'web' }],
      readinessChecks: [check],
    });
    const [deployment] = await until(async () => {
      const { body } = await marathon.call<
        { currentActions: { readinessCheckResults: { lastResponse?: unknown }[] }[] }[]
      >('GET', '/v2/deployments');
      const seen = body[0]?.currentActions[0]?.readinessCheckResults[0]?.lastResponse !== undefined;
      return seen ? body : undefined;
    });
    const app = await marathon.app('web');
    const [task] = app.tasks;
    const result = {
      name: 'readinessCheck',
      taskId: task?.id,
      ready: false,
      lastResponse: { status: 503, contentType: expect.any(String), body: task?.id },
    };
    expect(deployment).toMatchObject({ currentActions: [{ readinessCheckResults: [result] }] });
    expect(app.deployments).toHaveLength(1);
    const shown = await marathon.call<{ app: unknown }>('GET', '/v2/apps/web?embed=app.readiness');
    expect(shown.body.app).toMatchObject({ readinessCheckResults: [result] });
    writeFileSync(join(marathon.dataDir, 'sandboxes', task?.id ?? '', 'status'), '200');
    expect((await marathon.settled('web')).tasks[0]?.id).toBe(task?.id);
  });

  it('must name a port', async () => {
    const app = { id: 'web', cmd: 'x', readinessChecks: [{ portName: 'none' }] };
    expect(await marathon.call('POST', '/v2/apps', app)).toMatchObject({
      status: 422,
      body: { message: 'Object is not valid', details: [{ path: '/readinessChecks(0)/portName' }] },
    });
  });
});

describe('the memory limit', () => {
  const greedy = (mb: number): string =>
    `exec node -e 'const b = Buffer.alloc(${mb} << 20, 1); console.log(b.length); setInterval(() => b, 1000)'`;

  it('ends a task that takes more, with the message of the Mesos isolator (4B.4)', async () => {
    await marathon.call('POST', '/v2/apps', {
      id: 'greedy',
      cmd: greedy(150),
      mem: 100,
      ports: [],
      backoffSeconds: 60,
    });
    const { lastTaskFailure } = await marathon.appWhen('greedy', (app) => app.lastTaskFailure !== undefined);
    expect(lastTaskFailure).toMatchObject({
      state: 'TASK_FAILED',
      message: expect.stringMatching(/^Memory limit exceeded: Requested: 100MB Maximum Used: \d{3}MB$/),
    });
  });

  it('scaling-and-schedulers case 71: counts every process of the task, and lets others be', async () => {
    const two = `${greedy(80).replace('exec ', '')} & ${greedy(80)}`;
    await marathon.call('POST', '/v2/apps', {
      id: 'pair',
      cmd: two,
      mem: 130,
      ports: [],
      backoffSeconds: 60,
    });
    await marathon.call('POST', '/v2/apps', { id: 'single', cmd: greedy(80), mem: 130, ports: [] });
    await marathon.call('POST', '/v2/apps', { id: 'boundless', cmd: greedy(80), mem: 0, ports: [] });
    await marathon.appWhen('pair', (app) => app.lastTaskFailure !== undefined);
    for (const id of ['single', 'boundless']) {
      expect(await marathon.app(id)).toMatchObject({ tasksRunning: 1 });
    }
  });

  it('does not let a program that is too large for it begin to serve', async () => {
    const failures = new Set<string>();
    await marathon.call('POST', '/v2/apps', { id: 'tiny', cmd: WEB_SERVER, mem: 1, backoffSeconds: 0.1 });
    await until(async () => {
      const { tasksHealthy, lastTaskFailure } = await marathon.app('tiny');
      expect(tasksHealthy).toBe(0);
      if (lastTaskFailure !== undefined) failures.add(lastTaskFailure.message);
      return failures.size > 0 ? true : undefined;
    });
    expect([...failures][0]).toMatch(/^Memory limit exceeded: Requested: 1MB/);
  });
});
