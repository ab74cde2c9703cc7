import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../logger';
import { signalGroup } from './process-group';
import { initialEnvironment, liveProcesses, processIdentity } from './process-identity';

interface Running {
  readonly taskId: string;
  readonly pid: number;
  readonly startTime: string;
}

interface Contents {
  /** Null once it has closed. */
  readonly server: { readonly pid: number; readonly startTime: string | undefined } | null;
  readonly tasks: readonly Running[];
}

/**
 * `<dataDir>/tasks.json`: who runs now, so that the next server can end what a killed one left. Written once per turn of
 * the event loop in which it changed; a task started in the very turn of the kill is found by its environment instead.
 */
export class TasksFile {
  private readonly path: string;
  private readonly tasks = new Map<string, Running>();
  private scheduled = false;
  private closed = false;

  constructor(private readonly dataDir: string) {
    mkdirSync(dataDir, { recursive: true });
    this.path = join(dataDir, 'tasks.json');
  }

  add(taskId: string, pid: number, startTime: string | undefined): void {
    if (startTime === undefined) return;
    this.tasks.set(taskId, { taskId, pid, startTime });
    this.schedule();
  }

  remove(taskId: string): void {
    if (this.tasks.delete(taskId)) this.schedule();
  }

  /** The server ends, with no task left: another may have the directory. */
  close(): void {
    this.closed = true;
    this.write(true);
  }

  /**
   * Kills the process groups that an earlier server left, and takes the file over.
   * @returns how many groups and stray processes were killed
   * @throws Error when that server still runs: two servers must not share a data directory
   */
  takeOver(logger: Logger): number {
    const left = this.read();
    const server = left?.server ?? undefined;
    if (server !== undefined && server.pid !== process.pid && isSame(server)) {
      throw new Error(`The data directory ${this.dataDir} is in use by the server with pid ${server.pid}`);
    }
    const groups = (left?.tasks ?? []).filter(isStillOurs);
    for (const task of groups) {
      logger.warn('killing a task left by an earlier server', { taskId: task.taskId, pid: task.pid });
      signalGroup(task.pid, 'SIGKILL');
    }
    const strays = this.killStrays(logger);
    this.write();
    return groups.length + strays;
  }

  /** Processes that left their group, or were started while the file was not yet written: known by their sandbox. */
  private killStrays(logger: Logger): number {
    const mark = `MESOS_SANDBOX=${join(this.dataDir, 'sandboxes')}/`;
    let killed = 0;
    for (const { pid } of liveProcesses()) {
      if (pid === process.pid || !initialEnvironment(pid).some((variable) => variable.startsWith(mark)))
        continue;
      logger.warn('killing a stray process of an earlier server', { pid });
      try {
        process.kill(pid, 'SIGKILL');
        killed++;
      } catch {
        // It ended by itself meanwhile.
      }
    }
    return killed;
  }

  /** A crash while writing leaves the old contents. */
  private write(closed = false): void {
    const contents: Contents = {
      server: closed ? null : { pid: process.pid, startTime: processIdentity(process.pid)?.startTime },
      tasks: [...this.tasks.values()],
    };
    writeFileSync(`${this.path}.new`, JSON.stringify(contents));
    renameSync(`${this.path}.new`, this.path);
  }

  private read(): Contents | undefined {
    try {
      return JSON.parse(readFileSync(this.path, 'utf8')) as Contents;
    } catch {
      return undefined;
    }
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      if (!this.closed) this.write();
    });
  }
}

function isSame(known: { readonly pid: number; readonly startTime: string | undefined }): boolean {
  const found = processIdentity(known.pid);
  return found !== undefined && !found.zombie && found.startTime === known.startTime;
}

/**
 * The main process is the one we started or, where it is gone, its group still has members: a pid is not given to a new
 * process while a group of that number exists.
 */
function isStillOurs(task: Running): boolean {
  const leader = processIdentity(task.pid);
  if (leader !== undefined) return leader.startTime === task.startTime;
  return signalGroup(task.pid, 0);
}
