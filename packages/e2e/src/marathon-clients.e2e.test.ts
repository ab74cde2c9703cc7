import { join } from 'node:path';
import {
  freePort,
  processesWith,
  startProcess,
  temporaryDirectory,
  type RunningProcess,
  type TemporaryDirectory,
} from '@waiter/testkit';
import { buildGo, installPython } from './installed-clients';

/** mini-marathon as independent clients of Marathon see it, each with its own idea of what answers look like (spec: 4B). */
const WAITER = join(__dirname, '..', '..', 'cli', 'bin', 'waiter.js');
const EXERCISE = join(__dirname, '..', 'marathon-clients', 'exercise.py');

let directory: TemporaryDirectory;
let marathon: RunningProcess;
let url: string;

beforeEach(async () => {
  directory = await temporaryDirectory('marathon-clients-');
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  marathon = await startProcess({
    name: 'mini-marathon',
    command: process.execPath,
    args: [WAITER, 'mini-marathon', '--port', String(port), '--data-dir', directory.path],
    ready: /listens/,
    readyTimeoutMs: 30_000,
  });
});
afterEach(async () => {
  await marathon.stop(20_000);
  expect(processesWith(directory.path)).toEqual([]);
  await directory.remove();
}, 60_000);

/** What a client's program said, by step. */
async function steps(command: string, args: readonly string[]): Promise<Map<string, unknown>> {
  const run = await startProcess({ name: 'client', command, args: [...args, url] });
  const { code } = await run.exited;
  if (code !== 0) throw new Error(`the client failed:\n${run.output()}`);
  const lines = run
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{"step"'));
  return new Map(
    lines.map((line) => {
      const { step, ...rest } = JSON.parse(line) as { step: string; facts?: unknown };
      return [step, rest.facts ?? rest];
    }),
  );
}

const python = installPython('marathon', '0.13.0', 'python');
if ('reason' in python) {
  const { reason } = python;
  process.stderr.write(`\nNOT TESTED: marathon-python cannot be installed here. ${reason}\n\n`);
  it.skip(`marathon-python: not installed, because ${reason}`, () => undefined);
} else {
  it('marathon-python creates, scales, kills, updates, rolls back, groups, and understands every event', async () => {
    const said = await steps(python.command, [EXERCISE]);
    expect(said.get('info')).toMatchObject({ name: 'marathon', elected: true });
    expect(said.get('running')).toEqual({ healthy: 1, tasks: 1, labels: { team: 'blue' } });
    expect(said.get('filters')).toEqual({ cmd: 1, label: 1, none: 0 });
    expect(said.get('scaled')).toEqual({ healthy: 3 });
    expect(said.get('killed with scale')).toEqual({ deployment: true, instances: 2 });
    expect(said.get('versions')).toEqual({ count: true, old: { A: 'b' } });
    expect(said.get('rolled back')).toEqual({ env: { A: 'b' } });
    expect(said.get('deployment')).toEqual({
      apps: ['/py/stuck'],
      steps: [['StartApplication'], ['ScaleApplication']],
      current: ['ScaleApplication'],
      at: 2,
      total: 2,
    });
    expect(said.get('locked')).toEqual({ message: expect.stringMatching(/^App is locked by one or more/) });
    expect(said.get('queue')).toEqual({ app: '/py/bad', count: 1, waits: true, overdue: false });
    expect(said.get('failure')).toEqual({ message: 'Command exited with status 7', state: 'TASK_FAILED' });
    expect(said.get('invalid')).toEqual({ status: 422, message: 'Object is not valid', details: true });
    expect(said.get('group')).toEqual({ instances: 2, listed: ['/py', '/pygroup'] });
    expect(said.get('gone')).toEqual({ apps: 0 });
    expect(said.get('events')).toEqual({
      kinds: expect.arrayContaining([
        'MarathonApiPostEvent',
        'MarathonDeploymentInfo',
        'MarathonDeploymentSuccess',
        'MarathonHealthStatusChangedEvent',
        'MarathonInstanceChangedEvent',
        'MarathonStatusUpdateEvent',
      ]),
    });
  }, 180_000);
}

const go = buildGo();
if ('reason' in go) {
  const { reason } = go;
  process.stderr.write(`\nNOT TESTED: go-marathon cannot be built here. ${reason}\n\n`);
  it.skip(`go-marathon: not built, because ${reason}`, () => undefined);
} else {
  it('go-marathon reads every answer into its types', async () => {
    const said = await steps(go.command, []);
    expect(said.get('info')).toMatchObject({ ping: true, leader: true, framework: true });
    expect(said.get('running')).toMatchObject({ tasks: 1, running: 1, env: 'b', factor: 1.15, scaled: true });
    expect(said.get('scaled')).toEqual({ tasks: 3, all: 3, alive: true, service: 1, address: 'IPv4' });
    expect(said.get('killed')).toEqual({ some: true });
    expect(said.get('versions')).toEqual({ instances: 1, has: true });
    expect(said.get('listed')).toEqual({ apps: 1, names: ['/go/web'] });
    expect(said.get('deployment')).toEqual({
      steps: [['StartApplication /go/stuck'], ['ScaleApplication /go/stuck']],
    });
    expect(said.get('queue')).toMatchObject({ app: '/go/bad', waits: true, overdue: false });
    expect(said.get('invalid')).toEqual({ said: true });
    expect(said.get('group')).toEqual({ apps: 1, groups: 2 });
    const seen = said.get('events') as Record<string, boolean>;
    expect(Object.values(seen)).toEqual(Object.values(seen).map(() => true));
  }, 180_000);
}
