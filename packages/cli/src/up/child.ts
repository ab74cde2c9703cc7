import { spawn, fork, type ChildProcess } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import type { RoleReady } from '../roles/ready';
import { UsageError } from '../usage-error';

/** A process that `waiter up` started. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Where it listens, once ready. */
  readonly url: string | null;
  readonly exited: Promise<void>;
  /** SIGTERM, then SIGKILL after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

const ENTRY = join(__dirname, '..', '..', 'bin', 'waiter.js');
const READY_MS = 30_000;

interface Started {
  readonly name: string;
  readonly process: ChildProcess;
  readonly logFile: string;
}

/**
 * Starts one role of this program. It has an IPC channel: when this process dies, even by SIGKILL, the role notices and
 * ends in order. It is in a group of its own, so that Ctrl-C reaches only this process, which ends all in order.
 */
export async function startRole(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  logFile: string,
): Promise<Child> {
  const log = openSync(logFile, 'a');
  const child = fork(ENTRY, [...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  const started = { name, process: child, logFile };
  const url = await whenReady<string | null>(started, (ready) => {
    child.on('message', (message: Partial<RoleReady>) => {
      if (message.ready === true) ready(message.url ?? null);
    });
  });
  return toChild(started, url);
}

/** Starts a program that is ready when `probe` says so. */
export async function startProgram(
  name: string,
  command: string,
  args: readonly string[],
  logFile: string,
  probe: () => Promise<boolean>,
): Promise<Child> {
  const log = openSync(logFile, 'a');
  const child = spawn(command, [...args], { stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const started = { name, process: child, logFile };
  let over = false;
  await whenReady<null>(started, (ready) => {
    const ask = async (): Promise<void> => {
      if (over) return;
      if (await probe()) ready(null);
      else setTimeout(() => void ask(), 20);
    };
    void ask();
  }).finally(() => {
    over = true;
  });
  return toChild(started, null);
}

/** Waits until `watch` says ready; fails when the process ends before, cannot be started, or takes too long. */
function whenReady<T>(
  { name, process: child, logFile }: Started,
  watch: (ready: (value: T) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new UsageError(`${name} was not ready in ${READY_MS / 1000} s; see ${logFile}`));
    }, READY_MS);
    const onError = (error: Error): void => {
      settle();
      reject(new UsageError(`${name} could not be started: ${error.message}`));
    };
    const onExit = (code: number | null, signal: string | null): void => {
      settle();
      const how = signal ?? `exit code ${code}`;
      reject(new UsageError(`${name} ended (${how}) before it was ready; see ${logFile}`));
    };
    const settle = (): void => {
      clearTimeout(timer);
      child.off('error', onError).off('exit', onExit);
    };
    child.once('error', onError).once('exit', onExit);
    watch((value) => {
      settle();
      resolve(value);
    });
  });
}

function toChild({ name, process: child }: Started, url: string | null): Child {
  const exited = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  return {
    name,
    pid: child.pid ?? -1,
    url,
    exited,
    stop: async (graceMs) => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
