import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A role as `waiter up` forks it: piped output, IPC, a step that logs and then leaves a mark. */
const ROLE = `
  const { writeFileSync } = require('node:fs');
  const { createLogger, gracefulShutdown } = require(${JSON.stringify(join(__dirname, 'index.ts'))});
  const logger = createLogger({ name: 'role' });
  gracefulShutdown({
    logger,
    timeoutMs: 10000,
    steps: [
      { name: 'drain', run: () => new Promise((done) => setTimeout(done, 50)) },
      { name: 'mark', run: () => { logger.info('draining'); writeFileSync(process.argv[2], 'drained'); } },
    ],
  });
  setInterval(() => {}, 1000);
  process.send('ready');
`;

const folder = mkdtempSync(join(tmpdir(), 'waiter-shutdown-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function startRole(name: string) {
  const script = join(folder, `${name}.js`);
  const mark = join(folder, `${name}.mark`);
  writeFileSync(script, ROLE);
  const child = fork(script, [mark], {
    execArgv: ['-r', require.resolve('esbuild-register')],
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  await once(child, 'message');
  return { child, isDrained: () => existsSync(mark) };
}

it('drains and exits with 0 on SIGTERM', async () => {
  const { child, isDrained } = await startRole('term');
  child.stdout?.resume();
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(isDrained()).toBe(true);
});

it('drains although its parent is gone and nobody reads its output', async () => {
  const { child, isDrained } = await startRole('orphan');
  const exited = once(child, 'exit');
  child.stdout?.destroy();
  child.disconnect();
  expect(await exited).toEqual([0, null]);
  expect(isDrained()).toBe(true);
});
