import type { Clock } from '@waiter/core';
import type { AppStore } from '../apps/store';
import type { Agent, TaskEvents } from '../events/task-events';
import type { Logger } from '../logger';
import type { Records } from '../state/records';
import { timestamp } from '../timestamp';
import type { ExitStatus } from './exit-status';
import { exitMessage } from './exit-status';
import type { HostPorts } from './host-ports';
import type { Sandboxes } from './sandboxes';
import type { Task, TerminalState } from './task';
import type { TaskRecord } from './task-record';
import type { TaskTable } from './task-table';

export interface EndObserver {
  /** A task is terminal and out of the table. `failed`: it ended by itself (4B.8: counts for the launch backoff). */
  ended(task: Task, failed: boolean): void;
}

export interface EndingParts {
  readonly agent: Agent;
  readonly apps: AppStore;
  readonly table: TaskTable;
  readonly ports: HostPorts;
  readonly sandboxes: Sandboxes;
  readonly records: Records<TaskRecord>;
  readonly events: TaskEvents;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the end of a task means: its last state, whether that is a failure of its app, and what everybody is told. */
export class TaskEndings {
  constructor(
    private readonly parts: EndingParts,
    private readonly unwatch: (task: Task) => void,
    private readonly observer: EndObserver,
  ) {}

  exited(task: Task, exit: ExitStatus): void {
    const message = task.failure ?? exitMessage(exit);
    // However a task ends after it was asked to, it was killed.
    if (task.state === 'TASK_KILLING') return this.ended(task, 'TASK_KILLED', message);
    const finished = exit.code === 0 && task.failure === undefined;
    this.ended(task, finished ? 'TASK_FINISHED' : 'TASK_FAILED', message);
  }

  /** Nobody saw its end. */
  lost(task: Task, killing: boolean): void {
    const message = 'Task ended while Marathon was down; nobody knows how';
    this.ended(task, killing ? 'TASK_KILLED' : 'TASK_LOST', message);
  }

  ended(task: Task, state: TerminalState, message: string): void {
    const { events, logger, ports, records, sandboxes, table } = this.parts;
    task.state = state;
    this.unwatch(task);
    table.remove(task);
    ports.release(task.ports);
    records.delete(task.id);
    sandboxes.ended(task.id);
    logger.info('task ended', { taskId: task.id, state, reason: message });
    if (state === 'TASK_FAILED' || state === 'TASK_LOST') this.recordFailure(task, state, message);
    events.status(task, message);
    events.instance(task, CONDITIONS[state]);
    this.observer.ended(task, state !== 'TASK_KILLED');
  }

  /** What `lastTaskFailure` shows. */
  recordFailure(task: Task, state: TerminalState, message: string): void {
    const { agent, apps, clock } = this.parts;
    apps.recordFailure({
      appId: task.appId,
      host: agent.host,
      message,
      state,
      taskId: task.id,
      timestamp: timestamp(clock.now()),
      version: task.app.version,
      slaveId: agent.id,
    });
  }
}

const CONDITIONS = {
  TASK_FINISHED: 'Finished',
  TASK_FAILED: 'Failed',
  TASK_KILLED: 'Killed',
  TASK_LOST: 'Dropped',
} as const;
