import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { startMiniMarathon } from './server';
import { processesOf, until } from './test-support';

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
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('ends the tasks that a server killed by SIGKILL left, and does not restore apps', async () => {
  const first = await startProcess(folder, dataDir);
  const cmd = 'sleep 300 & setsid sleep 301 & wait';
  await fetch(`${first.url}/v2/apps`, {
    method: 'POST',
    body: JSON.stringify({ id: 'x', cmd, instances: 2, ports: [] }),
  });
  // Two shells with two sleeps each, one of them out of the group.
  await until(() => (processesOf(dataDir).length === 6 ? true : undefined));
  await expect(startMiniMarathon({ port: 0, dataDir })).rejects.toThrow(/in use by the server with pid/);
  first.process.kill('SIGKILL');
  await once(first.process, 'exit');
  expect(processesOf(dataDir)).toHaveLength(6);

  const second = await startMiniMarathon({ port: 0, dataDir });
  await until(() => (processesOf(dataDir).length === 0 ? true : undefined));
  expect(await (await fetch(`${second.url}/v2/apps`)).json()).toEqual({ apps: [] });
  await second.close();
});

it('does not touch a process that only has the pid of an earlier task', async () => {
  const innocent = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
  const file = { server: null, tasks: [{ taskId: 't', pid: innocent.pid, startTime: '1' }] };
  await (await startMiniMarathon({ port: 0, dataDir })).close();
  writeFileSync(join(dataDir, 'tasks.json'), JSON.stringify(file));
  await (await startMiniMarathon({ port: 0, dataDir })).close();
  expect(innocent.exitCode ?? innocent.signalCode).toBeNull();
  innocent.kill('SIGKILL');
  await once(innocent, 'exit');
});
