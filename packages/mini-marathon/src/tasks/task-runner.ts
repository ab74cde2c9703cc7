import { randomUUID } from 'node:crypto';
import type { Clock } from '@waiter/core';
import type { AppDefinition, HealthCheck } from '../apps/definition';
import { portCount } from '../apps/definition';
import type { AppStore } from '../apps/store';
import type { Agent, TaskEvents } from '../events/task-events';
import { HealthChecker } from '../health/health-checker';
import { UNCHECKED } from '../health/health-state';
import type { ProbeTarget } from '../health/probe';
import type { Logger } from '../logger';
import { timestamp } from '../timestamp';
import type { ExitStatus } from './exit-status';
import { exitMessage } from './exit-status';
import type { HostPorts } from './host-ports';
import type { Sandboxes } from './sandboxes';
import type { Task, TerminalState } from './task';
import { isHealthy, isUnhealthy, taskIds } from './task';
import { taskEnvironment } from './task-environment';
import { TaskProcess } from './task-process';
import type { TaskTable } from './task-table';
import type { TasksFile } from './tasks-file';
import type { UserIds } from './task-user';
import { idsOfUser } from './task-user';

export interface TaskObserver {
  /** A task became healthy or unhealthy. */
  changed(appId: string): void;
  /** A task is terminal and out of the table. `failed`: it ended by itself (4B.8: counts for the launch backoff). */
  ended(task: Task, failed: boolean): void;
}

const DEFAULT_KILL_GRACE_MS = 3000;

interface Parts {
  readonly agent: Agent;
  readonly apps: AppStore;
  readonly table: TaskTable;
  readonly ports: HostPorts;
  readonly sandboxes: Sandboxes;
  readonly file: TasksFile;
  readonly events: TaskEvents;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Starts and ends tasks, and turns what happens to their processes into states, events and failures. */
export class TaskRunner {
  private readonly checkers = new Map<Task, HealthChecker>();

  constructor(
    private readonly parts: Parts,
    private readonly observer: TaskObserver,
  ) {}

  /**
   * Starts one task of the app. It runs when this returns (or has failed already, which the observer was told).
   * @returns undefined when no host port is at hand: after `ports.refill` try again
   */
  launch(app: AppDefinition): Task | undefined {
    const { agent, clock, events, file, logger, sandboxes, table } = this.parts;
    const ports = this.takePorts(app);
    if (ports === undefined) return undefined;
    const ids = taskIds(app.id, randomUUID());
    const sandbox = sandboxes.pathOf(ids.id);
    const task: Task = {
      ...ids,
      appId: app.id,
      app,
      ports,
      sandbox,
      stagedAtMs: clock.now(),
      startedAtMs: undefined,
      state: 'TASK_STAGING',
      health: app.healthChecks.map(() => UNCHECKED),
      decommissioned: false,
      process: undefined,
    };
    table.add(task);
    events.instance(task, 'Scheduled');
    events.instance(task, 'Provisioned');
    const input = {
      app,
      taskId: ids.id,
      host: agent.host,
      ports,
      sandbox,
      agentId: agent.id,
      frameworkId: agent.frameworkId,
    };
    const env = taskEnvironment(input, process.env);
    const user = idsOfUser(app.user);
    // Told before the fork, which takes milliseconds: host and ports are known now, and who waits may start to probe.
    events.status(task);
    events.instance(task, 'Staging');
    const started = TaskProcess.start({ app, sandbox, env, user }, (exit) => this.exited(task, exit));
    if (!(started instanceof TaskProcess)) {
      logger.warn('task could not be started', { taskId: task.id, reason: exitMessage(started) });
      this.exited(task, started);
      return task;
    }
    task.process = started;
    task.state = 'TASK_RUNNING';
    task.startedAtMs = clock.now();
    file.add(task.id, started.pid, started.startTime);
    events.status(task);
    events.instance(task, 'Running');
    logger.info('task started', { taskId: task.id, pid: started.pid, ports });
    this.link(task);
    if (app.healthChecks.length > 0) this.checkHealth(task, env, user);
    return task;
  }

  /** SIGTERM now, SIGKILL after the app's `taskKillGracePeriodSeconds` (3 s unless set). */
  kill(task: Task): void {
    if (task.state !== 'TASK_RUNNING') return;
    this.stopChecking(task);
    task.state = 'TASK_KILLING';
    this.parts.events.status(task);
    this.parts.events.instance(task, 'Killing');
    const graceSeconds = task.app.taskKillGracePeriodSeconds;
    task.process?.kill(graceSeconds === undefined ? DEFAULT_KILL_GRACE_MS : graceSeconds * 1000);
  }

  /** Its logs are harder to find without; nothing else depends on it. */
  private link(task: Task): void {
    try {
      this.parts.sandboxes.link(task.id);
    } catch (error) {
      this.parts.logger.warn('no agent path to the sandbox', { taskId: task.id, error });
    }
  }

  private takePorts(app: AppDefinition): readonly number[] | undefined {
    const fixed = app.portDefinitions.map((definition) => definition.port);
    if (!app.requirePorts || fixed.includes(0)) return this.parts.ports.take(portCount(app));
    return this.parts.ports.takeExactly(fixed) ? fixed : undefined;
  }

  private checkHealth(task: Task, env: ProbeTarget['env'], user: UserIds | undefined): void {
    const { agent, clock, events } = this.parts;
    const target = { host: agent.host, ports: task.ports, sandbox: task.sandbox, env, user };
    const observer = {
      changed: (index: number, state: Task['health'][number], before: Task['health'][number]) => {
        const reported = [isHealthy(task), isUnhealthy(task)];
        task.health = task.health.map((old, at) => (at === index ? state : old));
        if (state.alive !== before.alive) events.healthStatus(task, state.alive);
        const [wasHealthy, wasUnhealthy] = reported;
        if (isHealthy(task) && wasHealthy !== true) events.instanceHealth(task, true);
        if (isUnhealthy(task) && wasUnhealthy !== true) events.instanceHealth(task, false);
        if (isHealthy(task) !== wasHealthy || isUnhealthy(task) !== wasUnhealthy)
          this.observer.changed(task.appId);
      },
      failed: (check: HealthCheck) => events.failedHealthCheck(task, check),
      kill: (_check: HealthCheck, cause: string) => this.killUnhealthy(task, cause),
    };
    this.checkers.set(task, new HealthChecker(task.app.healthChecks, target, observer, clock));
  }

  private killUnhealthy(task: Task, cause: string): void {
    this.parts.logger.warn('killing an unhealthy task', { taskId: task.id, cause });
    this.parts.events.unhealthyKill(task, cause);
    this.recordFailure(task, 'TASK_KILLED', `Task was killed since health check failed. Reason: ${cause}`);
    this.kill(task);
  }

  private exited(task: Task, exit: ExitStatus): void {
    const { events, file, logger, ports, sandboxes, table } = this.parts;
    const failed = task.state !== 'TASK_KILLING';
    const message = exitMessage(exit);
    task.state = terminalState(failed, exit);
    this.stopChecking(task);
    table.remove(task);
    ports.release(task.ports);
    file.remove(task.id);
    sandboxes.ended(task.id);
    logger.info('task ended', { taskId: task.id, state: task.state, reason: message });
    if (task.state === 'TASK_FAILED') this.recordFailure(task, task.state, message);
    events.status(task, message);
    events.instance(task, CONDITIONS[task.state]);
    this.observer.ended(task, failed);
  }

  private recordFailure(task: Task, state: TerminalState, message: string): void {
    this.parts.apps.recordFailure({
      appId: task.appId,
      host: this.parts.agent.host,
      message,
      state,
      taskId: task.id,
      timestamp: timestamp(this.parts.clock.now()),
      version: task.app.version,
      slaveId: this.parts.agent.id,
    });
  }

  private stopChecking(task: Task): void {
    this.checkers.get(task)?.stop();
    this.checkers.delete(task);
  }
}

const CONDITIONS = { TASK_FINISHED: 'Finished', TASK_FAILED: 'Failed', TASK_KILLED: 'Killed' } as const;

/** However a task ends after it was asked to, it was killed. */
function terminalState(failed: boolean, exit: ExitStatus): TerminalState {
  if (!failed) return 'TASK_KILLED';
  return exit.code === 0 ? 'TASK_FINISHED' : 'TASK_FAILED';
}
