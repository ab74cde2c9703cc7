/**
 * Builds, lints and tests, one phase after the other, whatever fails; then prints a summary and, as the very last line,
 * `N passed, N failed` (`, N skipped` if there are any). Every phase has a time limit, so that a hang is a failure.
 * Called by scripts/test.sh, which says how.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const MINUTE = 60_000;
/** A jest that is done and does not exit has something left open, which is a fault of the tests. */
const EXIT_GRACE_MS = MINUTE / 2;
/** Makes a jest write down what it has open (a Node diagnostic report), before it is ended. */
const REPORT_SIGNAL = 'SIGUSR2';
const REPORT_GRACE_MS = 5_000;
const RESULTS = join('.waiter', 'test-results');
const LIMITS_MS = { lint: 3 * MINUTE, unit: 5 * MINUTE, integration: 18 * MINUTE, e2e: 22 * MINUTE } as const;

/**
 * How many jests, one after the other, share a phase. jest leaves something behind for each file that it ran in its own
 * process (its modules; an `AsyncLocalStorage`, which every promise pays for from then on), so that the hundredth file
 * runs many times slower than the first.
 */
const SHARDS = { unit: 1, integration: 12, e2e: 4 } as const;

type PhaseName = keyof typeof LIMITS_MS;
const PHASES = Object.keys(LIMITS_MS) as PhaseName[];

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Said in the summary. */
  readonly note: string;
}
const CHECKED: Outcome = { passed: 0, failed: 0, skipped: 0, note: 'ok' };
const failure = (note: string): Outcome => ({ ...CHECKED, failed: 1, note });

interface RunOptions {
  readonly limitMs: number;
  /** Written by the command when its work is done. */
  readonly doneFile?: string;
}
type Ending = 'ok' | 'failed' | 'did not exit' | 'timed out';

/** Runs a program of node_modules/.bin or a script, in a process group of its own, so that all of it can be ended. */
function run(command: string, args: readonly string[], { limitMs, doneFile }: RunOptions): Promise<Ending> {
  process.stderr.write(`\n> ${[command, ...args].join(' ')}\n`);
  return new Promise((resolve) => {
    const path = ['node_modules/.bin', process.env['PATH']].join(':');
    const env = { ...process.env, PATH: path };
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], detached: true, env });
    const end = (): void => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    const interrupted = (): void => {
      end();
      process.exit(130);
    };
    let ending: Ending = 'ok';
    let doneAt: number | undefined;
    let killer: NodeJS.Timeout | undefined;
    const startedAt = Date.now();
    const watch = setInterval(() => {
      if (ending !== 'ok') return;
      if (doneFile !== undefined && existsSync(doneFile)) doneAt ??= Date.now();
      if (Date.now() - startedAt > limitMs) ending = 'timed out';
      else if (doneAt !== undefined && Date.now() - doneAt > EXIT_GRACE_MS) ending = 'did not exit';
      else return;
      if (doneFile === undefined) return end();
      child.kill(REPORT_SIGNAL);
      killer = setTimeout(end, REPORT_GRACE_MS);
    }, 500);
    const settle = (result: Ending): void => {
      clearInterval(watch);
      clearTimeout(killer);
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, interrupted);
      resolve(result);
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupted);
    child.once('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      settle('failed');
    });
    child.once('exit', (code) => settle(ending === 'ok' && code !== 0 ? 'failed' : ending));
  });
}

/** The part of a Node diagnostic report that is read here (nodejs.org/api/report.html). */
interface HandleReport {
  readonly libuv: readonly {
    readonly type: string;
    readonly is_active?: boolean;
    readonly is_referenced?: boolean;
    readonly pid?: number;
    readonly localEndpoint?: { readonly port: number } | null;
    readonly remoteEndpoint?: { readonly port: number } | null;
  }[];
}

/** What keeps a jest alive that was asked for a report, in one line. Empty if it gave none. */
function openHandles(): string {
  const reports = readdirSync(RESULTS).filter((name) => name.startsWith('report.'));
  return reports
    .flatMap((name) => (JSON.parse(readFileSync(join(RESULTS, name), 'utf8')) as HandleReport).libuv)
    .filter(
      ({ type, is_active: active, is_referenced: referenced, remoteEndpoint }) =>
        // A connection that is being made is not called active.
        referenced === true && (active === true || (type === 'tcp' && remoteEndpoint === null)),
    )
    .map(({ type, pid, localEndpoint, remoteEndpoint }) =>
      [type, pid, localEndpoint?.port, remoteEndpoint?.port].filter((part) => part !== undefined).join(' '),
    )
    .join(', ');
}

async function check(command: string, args: readonly string[], limitMs: number): Promise<Outcome> {
  const ending = await run(command, args, { limitMs });
  return ending === 'ok' ? CHECKED : failure(ending);
}

/** The part of jest's JSON that is read here. */
interface JestResults {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  /** Suites that could not even be run. */
  readonly numRuntimeErrorTestSuites: number;
}

const sum = (outcomes: readonly Outcome[], key: 'passed' | 'failed' | 'skipped'): number =>
  outcomes.reduce((total, outcome) => total + outcome[key], 0);

/** Runs a phase in as many jests as it has shards; in one, if jest is told which tests to run. */
async function jest(phase: Exclude<PhaseName, 'lint'>, args: readonly string[]): Promise<Outcome> {
  const shards = args.length > 0 ? 1 : SHARDS[phase];
  const until = Date.now() + LIMITS_MS[phase];
  const outcomes: Outcome[] = [];
  for (let shard = 1; shard <= shards; shard++) {
    outcomes.push(await jestShard(phase, [`--shard=${shard}/${shards}`, ...args], until - Date.now()));
  }
  const [passed, failed, skipped] = [
    sum(outcomes, 'passed'),
    sum(outcomes, 'failed'),
    sum(outcomes, 'skipped'),
  ];
  const notes = outcomes.map(({ note }) => note).filter((note) => note !== '');
  if (passed + failed + skipped === 0) notes.push('no tests');
  return { passed, failed, skipped, note: notes.join('; ') };
}

async function jestShard(phase: PhaseName, args: readonly string[], limitMs: number): Promise<Outcome> {
  const doneFile = join(RESULTS, `${phase}.json`);
  rmSync(doneFile, { force: true });
  const serial = phase === 'unit' ? [] : ['--runInBand'];
  const flags = [
    '--selectProjects',
    phase,
    '--passWithNoTests',
    '--json',
    '--outputFile',
    doneFile,
    ...serial,
  ];
  for (const name of readdirSync(RESULTS)) if (name.startsWith('report.')) rmSync(join(RESULTS, name));
  const report = ['--report-on-signal', `--report-signal=${REPORT_SIGNAL}`, `--report-directory=${RESULTS}`];
  const command = [...report, 'node_modules/.bin/jest', ...flags, ...args];
  const ending = await run('node', command, { limitMs, doneFile });
  if (!existsSync(doneFile)) return failure(`no results: jest ${ending === 'ok' ? 'wrote none' : ending}`);
  const results = JSON.parse(readFileSync(doneFile, 'utf8')) as JestResults;
  const found = results.numFailedTests + results.numRuntimeErrorTestSuites;
  // A failure that is not a test's: jest itself crashed or hung.
  const failed = ending !== 'ok' && (found === 0 || ending !== 'failed') ? found + 1 : found;
  const skipped = results.numPendingTests + results.numTodoTests;
  const open = openHandles();
  const why = open === '' ? '' : ` (open: ${open})`;
  const note = ending !== 'ok' && ending !== 'failed' ? `jest ${ending}${why}` : '';
  return { passed: results.numPassedTests, failed, skipped, note };
}

function parse(argv: readonly string[]): { phases: readonly PhaseName[]; jestArgs: readonly string[] } {
  const dash = argv.findIndex((word) => word.startsWith('-'));
  const names = dash < 0 ? argv : argv.slice(0, dash);
  const unknown = names.find((name) => !PHASES.includes(name as PhaseName));
  if (unknown !== undefined) {
    process.stderr.write(`"${unknown}" is not a phase: choose of ${PHASES.join(', ')}\n`);
    process.exit(2);
  }
  const phases = names.length === 0 ? PHASES : PHASES.filter((phase) => names.includes(phase));
  return { phases, jestArgs: dash < 0 ? [] : argv.slice(dash) };
}

async function main(): Promise<void> {
  const { phases, jestArgs } = parse(process.argv.slice(2));
  mkdirSync(RESULTS, { recursive: true });
  const outcomes: { name: string; seconds: number; outcome: Outcome }[] = [];
  const record = async (name: string, work: () => Promise<Outcome>): Promise<Outcome> => {
    const startedAt = Date.now();
    const outcome = await work();
    outcomes.push({ name, seconds: (Date.now() - startedAt) / 1000, outcome });
    return outcome;
  };

  let redis = CHECKED;
  if (phases.includes('integration') || phases.includes('e2e')) {
    redis = await record('redis-server', () =>
      check('bash', ['scripts/ensure-redis.sh', '--optional', 'haproxy', 'python3'], 5 * MINUTE),
    );
  }
  const build = await record('build', () => check('npm', ['run', '--silent', 'build'], 5 * MINUTE));
  for (const phase of phases) {
    if (phase === 'lint') {
      await record('eslint', () => check('eslint', ['.'], LIMITS_MS.lint));
      await record('prettier', () => check('prettier', ['--check', '.'], LIMITS_MS.lint));
    } else if (phase !== 'unit' && redis.failed > 0) {
      await record(phase, () => Promise.resolve(failure('not run: no redis-server')));
    } else if (phase === 'e2e' && build.failed > 0) {
      await record(phase, () => Promise.resolve(failure('not run: the build failed')));
    } else {
      await record(phase, () => jest(phase, jestArgs));
    }
  }

  console.log('');
  for (const { name, seconds, outcome } of outcomes) {
    const { passed, failed, skipped, note } = outcome;
    const counts =
      passed + failed + skipped === 0 ? '' : `${passed} passed, ${failed} failed, ${skipped} skipped`;
    const text = [counts, note].filter((part) => part !== '').join('; ');
    console.log(`${name.padEnd(14)} ${seconds.toFixed(1).padStart(7)} s  ${text}`);
  }
  const all = outcomes.map(({ outcome }) => outcome);
  const failed = sum(all, 'failed');
  const skipped = sum(all, 'skipped') > 0 ? `, ${sum(all, 'skipped')} skipped` : '';
  console.log(`${sum(all, 'passed')} passed, ${failed} failed${skipped}`);
  process.exitCode = failed > 0 ? 1 : 0;
}

void main();
