import { spawn, type ChildProcess } from 'node:child_process';
import { waitFor } from './wait-for';

/** The newest output that is kept, in characters; older output is dropped. */
const KEPT = 256 * 1024;
/** How much of it an error message shows. */
const SHOWN = 4 * 1024;

export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to this process's environment; a value of undefined removes the variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** What error messages and echoed lines call it. */
  readonly name: string;
  /** Output that shows that it is ready, or a probe of it. Without one it is ready once it is spawned. */
  readonly ready?: RegExp | (() => Promise<boolean>);
  /** Default 20 000. */
  readonly readyTimeoutMs?: number;
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunningProcess {
  readonly pid: number;
  /** stdout and stderr as they came, the newest 256 KiB. */
  output(): string;
  /** Never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** @returns false if the process is over */
  signal(signal: NodeJS.Signals): boolean;
  /** SIGTERM, then SIGKILL after `graceMs` (default 10 000), which is an error. Harmless when it is over already. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
}

/**
 * Starts a program and waits until it is ready. Its output goes to memory; WAITER_TEST_LOGS=1 also echoes it to stderr.
 * @throws Error with the end of its output if it cannot be spawned, ends early or is not ready in time
 */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const child = spawn(options.command, options.args, {
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const output = capture(child, options.name);
  const failure = (what: string): Error => {
    const tail = output().slice(-SHOWN).trimEnd();
    return new Error(
      `${options.name} (${options.command}) ${what}\n--- its last output ---\n${tail || '(none)'}`,
    );
  };
  let exit: ProcessExit | undefined;
  const exited = new Promise<ProcessExit>((resolve) => {
    const settle = (code: number | null, signal: NodeJS.Signals | null): void =>
      resolve((exit ??= { code, signal }));
    // 'close' comes after all output was read, but never while a grandchild holds the pipes: then 'exit' must do.
    child.once('close', settle);
    child.once('exit', (code, signal) => setTimeout(settle, 100, code, signal).unref());
    child.once('error', () => child.pid === undefined && settle(null, null));
  });
  const pid = await new Promise<number>((resolve, reject) => {
    child.once('error', (error) =>
      reject(Object.assign(failure(`cannot be started: ${error.message}`), { cause: error })),
    );
    child.once('spawn', () => resolve(child.pid ?? 0));
  });
  const running: RunningProcess = {
    pid,
    output,
    exited,
    signal: (signal) => child.kill(signal),
    async stop(graceMs = 10_000) {
      child.kill('SIGTERM');
      child.kill('SIGCONT'); // a stopped process acts on SIGTERM only when it is continued
      if (await endsWithin(exited, graceMs)) return;
      await running.kill();
      throw failure(`did not end within ${graceMs} ms of SIGTERM and was killed`);
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
  const { ready } = options;
  if (ready === undefined) return running;
  try {
    await waitFor<true>(
      `${options.name} to be ready`,
      async () => exit !== undefined || (ready instanceof RegExp ? ready.test(output()) : await ready()),
      { timeoutMs: options.readyTimeoutMs ?? 20_000, intervalMs: 10 },
    );
  } catch (error) {
    await running.kill();
    throw Object.assign(failure(`is not ready: ${(error as Error).message}`), { cause: error });
  }
  if (exit !== undefined && !(ready instanceof RegExp && ready.test(output()))) {
    throw failure(`ended before it was ready (code ${exit.code}, signal ${exit.signal})`);
  }
  return running;
}

function capture(child: ChildProcess, name: string): () => string {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      text = (text + piece).slice(-KEPT);
      if (process.env['WAITER_TEST_LOGS'] === '1')
        process.stderr.write(piece.replaceAll(/^(?=.)/gm, `[${name}] `));
    });
  }
  return () => text;
}

async function endsWithin(exited: Promise<ProcessExit>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(resolve, ms, false)));
  try {
    return await Promise.race([exited.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
