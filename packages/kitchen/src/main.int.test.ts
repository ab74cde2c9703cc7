import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startProcess, temporaryDirectory, waitFor, type RunningProcess } from '@waiter/testkit';
import { kitchenCommand } from './command';

/** The built program: `npm run build` first. */
async function run(
  flags: string,
  env: Record<string, string> = {},
  cwd?: string,
): Promise<{ process: RunningProcess; port: number }> {
  const port = await freePort();
  const process = await startProcess({
    name: 'kitchen',
    command: 'sh',
    args: ['-c', `exec ${kitchenCommand()} ${flags}`],
    env: { PORT0: `${port}`, ...env },
    ready: /"event":"listening"/,
    ...(cwd === undefined ? {} : { cwd }),
  });
  return { process, port };
}

describe('the kitchen program', () => {
  it('says when it listens, on PORT0', async () => {
    const { process, port } = await run('--start-up-sleep-ms 100');
    const line = JSON.parse(process.output().split('\n')[0] ?? '') as Record<string, number>;
    expect(line).toMatchObject({ event: 'listening', port });
    expect((line['at'] ?? 0) - (line['startedAt'] ?? 0)).toBeGreaterThan(100);
    expect(Math.abs((line['at'] ?? 0) - Date.now())).toBeLessThan(60_000);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    await process.stop();
    expect(await process.exited).toEqual({ code: 0, signal: null });
  });

  it('on SIGTERM finishes what is in flight, refuses what is new, and exits 0', async () => {
    const { process, port } = await run('');
    const url = `http://127.0.0.1:${port}`;
    const slow = fetch(url, { headers: { 'x-kitchen-delay-ms': '1000' } });
    await pendingRequest(url);
    process.signal('SIGTERM');
    await waitFor('a refusal', () =>
      fetch(url, { method: 'HEAD' }).then(
        () => false,
        () => true,
      ),
    );
    expect(await (await slow).text()).toBe('Hello World');
    expect(await process.exited).toEqual({ code: 0, signal: null });
  });

  it('on a second SIGTERM exits at once', async () => {
    const { process, port } = await run('');
    const url = `http://127.0.0.1:${port}`;
    const slow = fetch(url, { headers: { 'x-kitchen-delay-ms': '60000' } }).then(
      () => 'answered',
      () => 'cut',
    );
    await pendingRequest(url);
    process.signal('SIGTERM');
    await waitFor('a refusal', () =>
      fetch(url, { method: 'HEAD' }).then(
        () => false,
        () => true,
      ),
    );
    process.signal('SIGTERM');
    expect(await process.exited).toEqual({ code: 0, signal: null });
    expect(await slow).toBe('cut');
  });

  it('/die exits 1', async () => {
    const { process, port } = await run('');
    await expect(fetch(`http://127.0.0.1:${port}/die`)).rejects.toThrow('fetch failed');
    expect(await process.exited).toEqual({ code: 1, signal: null });
  });

  it('--connection-close and --log-output file', async () => {
    const { path, remove } = await temporaryDirectory('kitchen-log');
    const { process, port } = await run('--connection-close --log-output file', {}, path);
    const response = await fetch(`http://127.0.0.1:${port}/hello`, { headers: { 'x-cid': 'cid-log' } });
    expect(response.headers.get('connection')).toBe('close');
    const line = await waitFor('the line', () => readFileSync(join(path, 'kitchen.log'), 'utf8').trim());
    expect(JSON.parse(line)).toMatchObject({
      method: 'GET',
      path: '/hello',
      cid: 'cid-log',
      status: 200,
      complete: true,
    });
    await process.stop();
    await remove();
  });

  it('explains bad flags and a taken port', async () => {
    await expect(run('--colour')).rejects.toThrow(/code 2[^]*kitchen: Unknown option '--colour'/);
    const { process, port } = await run('');
    await expect(run(`-p ${port}`)).rejects.toThrow(/code 2[^]*kitchen: listen EADDRINUSE/);
    await process.stop();
  });
});

async function pendingRequest(url: string): Promise<void> {
  await waitFor('the request to be pending', async () => {
    const response = await fetch(`${url}/kitchen-state`);
    return ((await response.json()) as Record<string, number>)['pending-http-requests'] === 1;
  });
}
