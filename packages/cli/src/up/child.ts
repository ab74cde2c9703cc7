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
  const url = await new Promise<string | null>((resolve, reject) => {
    child.on('message', (message: Partial<RoleReady>) => {
      if (message.ready === true) resolve(message.url ?? null);
    });
    failWith(started, reject);
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
  await new Promise<void>((resolve, reject) => {
    let over = false;
    failWith(started, (error) => {
      over = true;
      reject(error);
    });
    const ask = async (): Promise<void> => {
      if (over) return;
      if (await probe()) resolve();
      else setTimeout(() => void ask(), 20);
    };
    void ask();
  });
  return toChild(started, null);
}

function failWith({ name, process: child, logFile }: Started, reject: (error: Error) => void): void {
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    reject(new UsageError(`${name} was not ready in ${READY_MS / 1000} s; see ${logFile}`));
  }, READY_MS);
  child.once('message', () => clearTimeout(timer));
  child.once('error', (error) => {
    clearTimeout(timer);
    reject(new UsageError(`${name} could not be started: ${error.message}`));
  });
  child.once('exit', (code, signal) => {
    clearTimeout(timer);
    reject(
      new UsageError(`${name} ended (${signal ?? `exit code ${code}`}) before it was ready; see ${logFile}`),
    );
  });
  timer.unref();
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
