import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { chownSync, closeSync, existsSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { AppDefinition } from '../apps/definition';
import type { ExitStatus } from './exit-status';
import { groupGone, signalGroup } from './process-group';
import { processIdentity } from './process-identity';
import type { UserIds } from './task-user';

/** What a shell answers for a program that is missing, and for one that may not be executed. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;

export interface ProcessInput {
  readonly app: AppDefinition;
  readonly sandbox: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: UserIds | undefined;
}

/**
 * The processes of one task: a process group (and session) of their own, with the sandbox as working directory and its
 * `stdout` and `stderr` files as output. The task ends when its main process ends; whatever is left of the group then is
 * killed, as Mesos destroys the container.
 */
export class TaskProcess {
  /** Resolves once the main process and its group are gone. Never rejects. */
  readonly gone: Promise<void>;
  private killTimer: NodeJS.Timeout | undefined;
  private killDeadline: number | undefined;
  private ended = false;
  private released = false;

  private constructor(
    readonly pid: number,
    /** `/proc` start time of the main process, to know it again; undefined where the system has no `/proc`. */
    readonly startTime: string | undefined,
    exited: Promise<ExitStatus>,
    onExit: (exit: ExitStatus) => void,
    private readonly child: ChildProcess | undefined = undefined,
  ) {
    this.gone = exited.then(async (exit) => {
      if (this.released) return;
      // A shell dies of SIGTERM at once; what it started still has the rest of the grace period.
      if (this.killDeadline === undefined) signalGroup(pid, 'SIGKILL');
      if (signalGroup(pid, 0)) await groupGone(pid, this.killDeadline ?? performance.now());
      this.ended = true;
      clearTimeout(this.killTimer);
      onExit(exit);
    });
  }

  /**
   * Takes over what an earlier server started. It is no child of this process: its exit status stays unknown.
   * @returns undefined where the process is gone, or another one has its pid
   */
  static adopt(pid: number, startTime: string, onExit: (exit: ExitStatus) => void): TaskProcess | undefined {
    const isThere = (): boolean => {
      const found = processIdentity(pid);
      return found !== undefined && !found.zombie && found.startTime === startTime;
    };
    if (!isThere()) return undefined;
    return new TaskProcess(pid, startTime, whenGone(isThere), onExit);
  }

  /** Kills what a dead main process has left: a pid is not given anew while a group of that number exists. */
  static endRemains(pid: number): void {
    if (processIdentity(pid) === undefined) signalGroup(pid, 'SIGKILL');
  }

  /**
   * Starts the task; the process runs when this returns.
   * @returns the exit status where nothing could be started, with the reason in the sandbox's `stderr`
   */
  static start(input: ProcessInput, onExit: (exit: ExitStatus) => void): TaskProcess | ExitStatus {
    mkdirSync(input.sandbox, { recursive: true });
    const stdout = openSync(join(input.sandbox, 'stdout'), 'a');
    const stderr = openSync(join(input.sandbox, 'stderr'), 'a');
    try {
      const [file, args] = commandOf(input.app);
      const attempt = (user: UserIds | undefined) =>
        spawnIn(file, args, input.sandbox, input.env, [stdout, stderr], user);
      let child = attempt(input.user);
      // Another user may be kept out of the sandbox's parent directories: then as ourselves.
      if (!hasPid(child) && input.user !== undefined) child = attempt(undefined);
      if (hasPid(child))
        return new TaskProcess(
          child.pid,
          processIdentity(child.pid)?.startTime,
          exitOf(child),
          onExit,
          child,
        );
      const exists = candidates(file, input.env['PATH']).some((path) => existsSync(path));
      writeSync(
        stderr,
        `Failed to execute '${file}': ${exists ? 'Permission denied' : 'No such file or directory'}\n`,
      );
      return { code: exists ? NOT_EXECUTABLE : NOT_FOUND, signal: null };
    } finally {
      closeSync(stdout);
      closeSync(stderr);
    }
  }

  /** SIGTERM to the group now, SIGKILL after the grace period. Repeating it changes nothing but may shorten the grace. */
  kill(graceMs: number): void {
    if (this.ended) return;
    signalGroup(this.pid, 'SIGTERM');
    clearTimeout(this.killTimer);
    this.killDeadline = performance.now() + graceMs;
    this.killTimer = setTimeout(() => signalGroup(this.pid, 'SIGKILL'), graceMs);
  }

  /** Leaves it running, for another server to adopt. Nothing more is heard of it. */
  release(): void {
    this.released = true;
    clearTimeout(this.killTimer);
    this.child?.unref();
  }
}

function exitOf(child: ChildProcess): Promise<ExitStatus> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}

const ADOPTED_POLL_MS = 100;

async function whenGone(isThere: () => boolean): Promise<ExitStatus> {
  // Not what keeps this process up: the server is.
  while (isThere()) await new Promise((resolve) => setTimeout(resolve, ADOPTED_POLL_MS).unref());
  return { code: null, signal: null };
}

function commandOf(app: AppDefinition): [string, readonly string[]] {
  const [program, ...args] = app.args ?? [];
  if (app.cmd !== undefined) return ['/bin/sh', ['-c', app.cmd]];
  if (program !== undefined) return [program, args];
  return [
    '/bin/sh',
    ['-c', 'echo "Only local commands can run here: the app has neither cmd nor args" >&2; exit 127'],
  ];
}

function spawnIn(
  file: string,
  args: readonly string[],
  sandbox: string,
  env: Readonly<Record<string, string>>,
  [stdout, stderr]: readonly [number, number],
  user: UserIds | undefined,
): ChildProcess {
  if (user !== undefined) {
    for (const path of [sandbox, join(sandbox, 'stdout'), join(sandbox, 'stderr')]) {
      chownSync(path, user.uid, user.gid);
    }
  }
  const child = spawn(file, args, {
    cwd: sandbox,
    env,
    detached: true,
    stdio: ['ignore', stdout, stderr],
    ...user,
  });
  // A failed exec shows at once by the missing pid; the event with the errno comes a tick later, too late for us.
  child.on('error', () => undefined);
  return child;
}

function candidates(file: string, path = ''): string[] {
  return file.includes('/') ? [file] : path.split(':').map((directory) => join(directory, file));
}

function hasPid(child: ChildProcess): child is ChildProcess & { readonly pid: number } {
  return child.pid !== undefined;
}
