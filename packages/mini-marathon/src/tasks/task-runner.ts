import type { AppDefinition } from '../apps/definition';
import { exitMessage, type ExitStatus } from './exit-status';
import { signalGroup } from './process-group';
import { needsStaging, stage } from './staging';
import { stagedTask, type Task } from './task';
import { environmentOf } from './task-environment';
import { TaskEndings, type EndingParts, type EndObserver } from './task-endings';
import { TaskProcess } from './task-process';
import { recordOf, taskOf, type TaskRecord } from './task-record';
import { idsOfUser } from './task-user';
import { TaskWatch, type WatchParts } from './task-watch';

const DEFAULT_KILL_GRACE_MS = 3000;

export type RunnerParts = EndingParts & WatchParts;

export interface TaskObserver extends EndObserver {
  /** A task became healthy, unhealthy or ready. */
  changed(appId: string): void;
}

/** Starts and ends tasks, and turns what happens to their processes into states, events and failures. */
export class TaskRunner {
  private readonly endings: TaskEndings;
  private readonly watch: TaskWatch;

  constructor(
    private readonly parts: RunnerParts,
    private readonly observer: TaskObserver,
  ) {
    this.endings = new TaskEndings(parts, (task) => this.watch.end(task), observer);
    this.watch = new TaskWatch(parts, {
      changed: (task) => {
        this.keep(task);
        observer.changed(task.appId);
      },
      ready: (task) => observer.changed(task.appId),
      kill: (task, cause) => this.killUnhealthy(task, cause),
      exceeded: (task, message) => this.fail(task, message),
    });
  }

  /**
   * Starts one task of the app. Where nothing has to be fetched it runs when this returns (or has failed already, which the
   * observer was told).
   * @returns undefined when no host port is at hand: after `ports.refill` try again
   */
  launch(app: AppDefinition): Task | undefined {
    const { clock, events, ports, sandboxes, table } = this.parts;
    const taken = ports.takeFor(app);
    if (taken === undefined) return undefined;
    const task = stagedTask(app, taken, (id) => sandboxes.pathOf(id), clock.now());
    table.add(task);
    events.instance(task, 'Scheduled');
    events.instance(task, 'Provisioned');
    // Told before the fork, which takes milliseconds: host and ports are known now, and who waits may start to probe.
    events.status(task);
    events.instance(task, 'Staging');
    if (needsStaging(task)) void this.stageAndStart(task);
    else this.start(task);
    return task;
  }

  /** Takes over a task that an earlier server started; one that has ended meanwhile is lost. */
  adopt(record: TaskRecord): void {
    const { clock, logger, ports, table } = this.parts;
    const task = taskOf(record, this.parts.sandboxes.pathOf(record.id));
    table.add(task);
    ports.adopt(task.ports);
    const { pid, startTime } = record;
    task.process = TaskProcess.adopt(pid, startTime, (exit) => this.endings.exited(task, exit));
    if (task.process === undefined) {
      TaskProcess.endRemains(pid);
      this.endings.lost(task, record.killing);
      return;
    }
    logger.info('task adopted', { taskId: task.id, pid });
    if (record.killing) return this.kill(task);
    this.watch.begin(task, { states: record.health, ageMs: clock.now() - record.startedAtMs });
  }

  /** Kills it for good: nothing takes its place. */
  decommission(task: Task): void {
    task.decommissioned = true;
    this.keep(task);
    this.kill(task);
  }

  /** SIGTERM now, SIGKILL after the app's `taskKillGracePeriodSeconds` (3 s unless set). */
  kill(task: Task): void {
    if (task.state === 'TASK_STAGING') task.staging.abort();
    if (task.state !== 'TASK_RUNNING') return;
    this.watch.end(task);
    task.state = 'TASK_KILLING';
    this.keep(task);
    this.parts.events.status(task);
    this.parts.events.instance(task, 'Killing');
    const graceSeconds = task.app.taskKillGracePeriodSeconds;
    task.process?.kill(graceSeconds === undefined ? DEFAULT_KILL_GRACE_MS : graceSeconds * 1000);
  }

  /** Ends it at once, for a reason that is its own fault. */
  private fail(task: Task, message: string): void {
    if (task.state !== 'TASK_RUNNING' || task.failure !== undefined) return;
    task.failure = message;
    this.watch.end(task);
    if (task.process !== undefined) signalGroup(task.process.pid, 'SIGKILL');
  }

  /** Every task stays as it is, for another server to adopt. */
  release(): void {
    this.watch.stop();
    for (const task of this.parts.table.all()) {
      // Without a process there is nothing to adopt: it is launched anew.
      task.staging.abort();
      task.process?.release();
    }
  }

  private async stageAndStart(task: Task): Promise<void> {
    const message = await stage(task);
    if (task.staging.signal.aborted)
      return this.endings.ended(task, 'TASK_KILLED', 'Task was killed while staging');
    if (message === undefined) {
      this.start(task);
      this.observer.changed(task.appId);
      return;
    }
    this.endings.ended(task, 'TASK_FAILED', message);
  }

  private start(task: Task): void {
    const { clock, events, logger } = this.parts;
    const { app, sandbox } = task;
    const env = environmentOf(task, this.parts.agent);
    const started = TaskProcess.start({ app, sandbox, env, user: idsOfUser(app.user) }, (exit) =>
      this.exited(task, exit),
    );
    if (!(started instanceof TaskProcess)) {
      logger.warn('task could not be started', { taskId: task.id, reason: exitMessage(started) });
      this.endings.exited(task, started);
      return;
    }
    task.process = started;
    task.state = 'TASK_RUNNING';
    task.startedAtMs = clock.now();
    this.keep(task);
    events.status(task);
    events.instance(task, 'Running');
    logger.info('task started', { taskId: task.id, pid: started.pid, ports: task.ports });
    this.link(task);
    this.watch.begin(task);
  }

  /** Who hears of an end finds the logs where its path leads. */
  private exited(task: Task, exit: ExitStatus): void {
    const tell = (): void => this.endings.exited(task, exit);
    const linking = this.parts.sandboxes.linked(task.id);
    if (linking === undefined) tell();
    else void linking.then(tell, tell);
  }

  /** Its logs are harder to find without; nothing else depends on it. */
  private link(task: Task): void {
    this.parts.sandboxes.link(task.id).catch((error: unknown) => {
      this.parts.logger.warn('no agent path to the sandbox', { taskId: task.id, error });
    });
  }

  private killUnhealthy(task: Task, cause: string): void {
    this.parts.logger.warn('killing an unhealthy task', { taskId: task.id, cause });
    this.parts.events.unhealthyKill(task, cause);
    this.endings.recordFailure(
      task,
      'TASK_KILLED',
      `Task was killed since health check failed. Reason: ${cause}`,
    );
    this.kill(task);
  }

  private keep(task: Task): void {
    if (recordOf(task) === undefined) return;
    this.parts.records.put(task.id, () => recordOf(task));
  }
}
