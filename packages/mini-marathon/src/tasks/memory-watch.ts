import { readFileSync } from 'node:fs';
import { liveProcesses } from './process-identity';
import type { Task } from './task';

/** Below this a program may pass its limit while it still loads, and serve before that is noticed. */
const SMALL_MB = 64;
const FIRST_LOOK_MS = 20;
const USUAL_MS = 1000;
/** Looking must not cost more than this part of one core. */
const SHARE = 0.05;

/**
 * Ends tasks that take more memory than their app has, as a Mesos agent does: the anonymous memory of every process in
 * the session of the task. There are no cgroups to do it at the moment of allocation, so it is looked at: each second, and from
 * 20 ms after the start on for apps with little.
 */
export class MemoryWatch {
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param tasks those that run now
   * @param exceeded is told of each that is over its limit
   */
  constructor(
    private readonly tasks: () => readonly Task[],
    private readonly exceeded: (task: Task, message: string) => void,
    private readonly now: () => number,
  ) {}

  /** A task was started or adopted. */
  look(): void {
    if (this.timer === undefined || this.pauseMs() < USUAL_MS) this.schedule(0);
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private schedule(leastMs: number): void {
    clearTimeout(this.timer);
    const pause = Math.max(leastMs, this.pauseMs());
    this.timer = pause === Infinity ? undefined : setTimeout(() => this.measure(), pause).unref();
  }

  /** As old as the youngest of the small ones: 20, 40, 80 ms after its start and so on. */
  private pauseMs(): number {
    const ages = this.limited().map(({ app, startedAtMs = 0 }) =>
      app.mem < SMALL_MB ? this.now() - startedAtMs : USUAL_MS,
    );
    return ages.length === 0 ? Infinity : Math.min(USUAL_MS, Math.max(FIRST_LOOK_MS, Math.min(...ages)));
  }

  /** Without a limit (`mem: 0`) a task may have what there is. */
  private limited(): Task[] {
    return this.tasks().filter(({ app, state }) => app.mem > 0 && state === 'TASK_RUNNING');
  }

  private measure(): void {
    const startedAt = performance.now();
    const limited = new Map(this.limited().map((task) => [task.process?.pid ?? 0, task]));
    const used = anonymousBytesOf(limited);
    for (const [session, task] of limited) {
      const bytes = used.get(session) ?? 0;
      if (bytes > task.app.mem * 1024 * 1024) this.exceeded(task, messageOf(task, bytes));
    }
    this.schedule((performance.now() - startedAt) / SHARE);
  }
}

/** In the words of the Mesos memory isolator (4B.4). */
function messageOf({ app }: Task, bytes: number): string {
  const usedMb = Math.ceil(bytes / 1024 / 1024);
  return `Memory limit exceeded: Requested: ${app.mem}MB Maximum Used: ${usedMb}MB`;
}

/** By session, which is the pid of a task's main process. */
function anonymousBytesOf(sessions: ReadonlyMap<number, Task>): Map<number, number> {
  const used = new Map<number, number>();
  for (const { pid, sessionId } of liveProcesses()) {
    if (sessions.has(sessionId)) used.set(sessionId, (used.get(sessionId) ?? 0) + anonymousBytes(pid));
  }
  return used;
}

function anonymousBytes(pid: number): number {
  try {
    const [, kilobytes = '0'] =
      /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    return 0;
  }
}
