import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  freePort,
  processesWith,
  startProcess,
  startRedis,
  temporaryDirectory,
  waitFor,
  type RunningProcess,
  type TemporaryDirectory,
} from '@waiter/testkit';
import { FleetClient } from './fleet-client';
import { kitchenService } from './kitchen-service';

const WAITER = join(__dirname, '..', '..', 'cli', 'bin', 'waiter.js');

let directory: TemporaryDirectory;
const running: RunningProcess[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory('waiter-up-');
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop(60_000);
  await waitFor('every process to end', () => processesWith(directory.path).length === 0, {
    timeoutMs: 20_000,
  });
  await directory.remove();
});

async function up(...more: string[]): Promise<{ process: RunningProcess; client: FleetClient }> {
  const port = await freePort();
  const one = await startProcess({
    name: 'waiter up',
    command: process.execPath,
    args: [WAITER, 'up', '--port', String(port), '--data-dir', directory.path, ...more],
    ready: /Waiter is up/,
    readyTimeoutMs: 60_000,
  });
  running.push(one);
  return { process: one, client: new FleetClient(`http://127.0.0.1:${port}`) };
}

const run = async (...args: string[]): Promise<{ code: number | null; output: string }> => {
  const one = await startProcess({ name: 'waiter', command: process.execPath, args: [WAITER, ...args] });
  const { code } = await one.exited;
  return { code, output: one.output() };
};

describe('waiter up', () => {
  it('stops everything on Ctrl-C, instances included; tokens survive', async () => {
    const first = await up('--routers', '2', '--scalers', '2');
    await first.client.register('kept', kitchenService({ name: 'kept' }));
    expect((await first.client.use('kept', '/hello')).status).toBe(200);
    expect(processesWith(directory.path).length).toBeGreaterThan(1);
    first.process.signal('SIGINT');
    expect(await first.process.exited).toEqual({ code: 0, signal: null });
    expect(processesWith(directory.path)).toEqual([]);
    const second = await up();
    expect((await second.client.get('/token?token=kept')).status).toBe(200);
    expect((await second.client.use('kept', '/hello')).status).toBe(200);
  }, 120_000);

  it('killed by SIGKILL, leaves nothing that the next one does not clean up', async () => {
    const first = await up();
    await first.client.register('orphan', kitchenService({ name: 'orphan' }));
    expect((await first.client.use('orphan', '/hello')).status).toBe(200);
    const before = processesWith(directory.path).map(({ pid }) => pid);
    await first.process.kill();
    const second = await up();
    const after = processesWith(directory.path).map(({ pid }) => pid);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect((await second.client.use('orphan', '/hello')).status).toBe(200);
  }, 120_000);

  it('uses the Redis and the Marathon that it is told, and reads a file', async () => {
    const redis = await startRedis();
    const port = await freePort();
    const marathon = await startProcess({
      name: 'mini-marathon',
      command: process.execPath,
      args: [WAITER, 'mini-marathon', '--port', String(port), '--data-dir', join(directory.path, 'marathon')],
      ready: /listens/,
    });
    try {
      const file = join(directory.path, 'waiter.yaml');
      writeFileSync(file, 'cluster:\n  name: from-the-file\n');
      const url = `http://127.0.0.1:${port}`;
      const { process: one, client } = await up('--redis', redis.url, '--marathon', url, '--config', file);
      await client.register('elsewhere', kitchenService({ name: 'elsewhere' }));
      expect((await client.use('elsewhere', '/hello')).status).toBe(200);
      const { apps } = (await (await fetch(`${url}/v2/apps`)).json()) as { apps: { id: string }[] };
      expect(apps.map(({ id }) => id)).toEqual([expect.stringContaining('-elsewhere-')]);
      const token = await client.json<{ cluster: string }>('/token?token=elsewhere&include=metadata');
      expect(token.cluster).toBe('from-the-file');
      await one.stop(30_000);
      // Not started by `up`: still there.
      expect((await fetch(`${url}/ping`)).status).toBe(200);
    } finally {
      await marathon.stop(20_000);
      await redis.stop();
    }
  }, 90_000);

  it('refuses a data directory that is in use, and says by whom', async () => {
    const first = await up();
    const { code, output } = await run('up', '--port', '0', '--data-dir', directory.path);
    expect(code).toBe(1);
    expect(output).toContain(`another "waiter up" (process ${first.process.pid}) uses`);
    expect((await first.client.get('/status')).status).toBe(200);
  }, 60_000);
});

describe('configuration on the command line', () => {
  it('prints what is in effect, secrets masked', async () => {
    const { code, output } = await run(
      'router',
      '--passwords',
      'very-secret',
      '--port',
      '1234',
      '--print-config',
    );
    expect(code).toBe(0);
    expect(output).toContain('port: 1234');
    expect(output).not.toContain('very-secret');
  });

  it('checks, and names every mistake', async () => {
    const ok = await run('scaler', '--check-config');
    expect([ok.code, ok.output]).toEqual([0, expect.stringContaining('The configuration is valid')]);
    const bad = await run('scaler', '--scaler-tick', 'soon', '--scaler-lease', '5', '--check-config');
    expect(bad.code).toBe(1);
    expect(bad.output).toContain('scaler-tick');
    expect(bad.output).toContain('scaler-lease');
    expect(bad.output).toContain('is not a duration');
  });

  it('says what to do when Redis is not there', async () => {
    const port = await freePort();
    const { code, output } = await run('scaler', '--redis', `redis://:pass@127.0.0.1:${port}`);
    expect(code).toBe(1);
    expect(output).toContain(`127.0.0.1:${port} did not answer`);
    expect(output).not.toContain('pass@');
  }, 30_000);
});
