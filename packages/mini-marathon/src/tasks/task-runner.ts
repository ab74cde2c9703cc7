import { randomUUID } from 'node:crypto';
import type { Clock } from '@waiter/core';
import type { AppDefinition } from '../apps/definition';
import { portCount } from '../apps/definition';
import { UNCHECKED } from '../health/health-state';
import { exitMessage, type ExitStatus } from './exit-status';
import type { HostPorts } from './host-ports';
import { signalGroup } from './process-group';
import { needsStaging, stage } from './staging';
import type { Task } from './task';
import { taskIds } from './task';
import { taskEnvironment } from './task-environment';
import { TaskEndings, type EndingParts, type EndObserver } from './task-endings';
import { TaskHealth } from './task-health';
import { TaskProcess } from './task-process';
import { TaskReadiness } from './task-readiness';
import { recordOf, taskOf, type TaskRecord } from './task-record';
import { MemoryWatch } from './memory-watch';
import { idsOfUser } from './task-user';

const DEFAULT_KILL_GRACE_MS = 3000;

export interface RunnerParts extends EndingParts {
  readonly ports: HostPorts;
  readonly clock: Clock;
  readonly enforceMemory: boolean;
}

export interface TaskObserver extends EndObserver {
  /** A task became healthy, unhealthy or ready. */
  changed(appId: string): void;
}

/** Starts and ends tasks, and turns what happens to their processes into states, events and failures. */
export class TaskRunner {
  private readonly endings: TaskEndings;
  private readonly health: TaskHealth;
  private readonly readiness: TaskReadiness;
  private readonly memory: MemoryWatch;

  constructor(
    private readonly parts: RunnerParts,
    private readonly observer: TaskObserver,
  ) {
    this.endings = new TaskEndings(parts, (task) => this.unwatch(task), observer);
    this.health = new TaskHealth(parts.events, parts.clock, {
      changed: (task) => {
        this.keep(task);
        this.observer.changed(task.appId);
      },
      kill: (task, cause) => this.killUnhealthy(task, cause),
    });
    this.readiness = new TaskReadiness((task) => this.observer.changed(task.appId));
    this.memory = new MemoryWatch(
      () => (parts.enforceMemory ? parts.table.all() : []),
      (task, message) => this.fail(task, message),
      () => parts.clock.now(),
    );
  }

  /**
   * Starts one task of the app. Where nothing has to be fetched it runs when this returns (or has failed already, which the
   * observer was told).
   * @returns undefined when no host port is at hand: after `ports.refill` try again
   */
  launch(app: AppDefinition): Task | undefined {
    const { clock, events, sandboxes, table } = this.parts;
    const ports = this.takePorts(app);
    if (ports === undefined) return undefined;
    const ids = taskIds(app.id, randomUUID());
    const task: Task = {
      ...ids,
      appId: app.id,
      app,
      ports,
      sandbox: sandboxes.pathOf(ids.id),
      stagedAtMs: clock.now(),
      startedAtMs: undefined,
      state: 'TASK_STAGING',
      health: app.healthChecks.map(() => UNCHECKED),
      readiness: [],
      decommissioned: false,
      process: undefined,
      staging: new AbortController(),
      failure: undefined,
    };
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
    this.watch(task, { states: record.health, ageMs: clock.now() - record.startedAtMs });
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
    this.unwatch(task);
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
    this.unwatch(task);
    if (task.process !== undefined) signalGroup(task.process.pid, 'SIGKILL');
  }

  /** Every task stays as it is, for another server to adopt. */
  release(): void {
    this.memory.stop();
    for (const task of this.parts.table.all()) {
      // Without a process there is nothing to adopt: it is launched anew.
      task.staging.abort();
      this.unwatch(task);
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
    const env = this.environment(task);
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
    this.watch(task);
  }

  /** Who hears of an end finds the logs where its path leads. */
  private exited(task: Task, exit: ExitStatus): void {
    const tell = (): void => this.endings.exited(task, exit);
    const linking = this.parts.sandboxes.linked(task.id);
    if (linking === undefined) tell();
    else void linking.then(tell, tell);
  }

  private environment(task: Task): Record<string, string> {
    const { agent } = this.parts;
    const input = {
      app: task.app,
      taskId: task.id,
      host: agent.host,
      ports: task.ports,
      sandbox: task.sandbox,
      agentId: agent.id,
      frameworkId: agent.frameworkId,
    };
    return taskEnvironment(input, process.env);
  }

  private watch(task: Task, known?: Parameters<TaskHealth['watch']>[2]): void {
    const { host } = this.parts.agent;
    if (task.app.healthChecks.length > 0) {
      const user = idsOfUser(task.app.user);
      const target = { host, ports: task.ports, sandbox: task.sandbox, env: this.environment(task), user };
      this.health.watch(task, target, known);
    }
    this.readiness.watch(task, host);
    this.memory.look();
  }

  private unwatch(task: Task): void {
    this.health.stop(task);
    this.readiness.stop(task);
  }

  /** Its logs are harder to find without; nothing else depends on it. */
  private link(task: Task): void {
    this.parts.sandboxes.link(task.id).catch((error: unknown) => {
      this.parts.logger.warn('no agent path to the sandbox', { taskId: task.id, error });
    });
  }

  private takePorts(app: AppDefinition): readonly number[] | undefined {
    const fixed = (app.portDefinitions ?? []).map((definition) => definition.port);
    if (!app.requirePorts || fixed.length === 0 || fixed.includes(0))
      return this.parts.ports.take(portCount(app));
    return this.parts.ports.takeExactly(fixed) ? fixed : undefined;
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
