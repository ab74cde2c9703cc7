import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Clock } from '@waiter/core';
import { systemClock } from '@waiter/core';
import { AppStore } from './apps/store';
import { Convergence } from './deployments/convergence';
import { Deployments } from './deployments/deployments';
import { LaunchQueue } from './deployments/launch-queue';
import { EventBus } from './events/event-bus';
import type { Agent } from './events/task-events';
import { TaskEvents } from './events/task-events';
import type { Logger } from './logger';
import { silentLogger } from './logger';
import type { MiniMarathonOptions } from './options';
import { HostPorts } from './tasks/host-ports';
import { Sandboxes } from './tasks/sandboxes';
import { TaskRunner } from './tasks/task-runner';
import { TaskTable } from './tasks/task-table';
import { TasksFile } from './tasks/tasks-file';
import { VersionClock } from './timestamp';

/** Everything but HTTP: apps, their tasks and the deployments between, wired together. */
export interface Cluster {
  readonly agent: Agent;
  readonly apps: AppStore;
  readonly table: TaskTable;
  readonly runner: TaskRunner;
  readonly queue: LaunchQueue;
  readonly deployments: Deployments;
  readonly events: EventBus;
  readonly versions: VersionClock;
  readonly sandboxes: Sandboxes;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Kills every task and waits until all are gone. */
  close(): Promise<void>;
}

/** Ends what an earlier server left, and gets ready. @throws Error when the data directory is in use */
export async function createCluster(options: MiniMarathonOptions): Promise<Cluster> {
  const logger = options.logger ?? silentLogger;
  const clock = systemClock;
  const dataDir = resolve(options.dataDir);
  const file = new TasksFile(dataDir);
  file.takeOver(logger);
  const agent = agentOf(dataDir, options.taskHost ?? '127.0.0.1');
  const events = new EventBus(clock);
  const apps = new AppStore();
  const table = new TaskTable();
  const ports = new HostPorts(options.portRange ?? [31_000, 32_000]);
  const sandboxes = new Sandboxes(dataDir, options.keepSandboxes ?? 200, agent);
  let closed = false;
  const appChanged = (appId: string): void => {
    if (!closed) deployments.appChanged(appId);
  };
  const runner = new TaskRunner(
    { agent, apps, table, ports, sandboxes, file, events: new TaskEvents(events, agent), clock, logger },
    {
      changed: appChanged,
      ended: (task, failed) => {
        if (failed) queue.taskFailed(task);
        // A task may fail while it is being launched; what launches it has to finish first.
        setImmediate(() => appChanged(task.appId));
      },
    },
  );
  const queue = new LaunchQueue(runner, ports, clock, appChanged);
  const deployments = new Deployments(apps, new Convergence(apps, table, runner, queue), events);
  await ports.refill(1);
  return {
    agent,
    apps,
    table,
    runner,
    queue,
    deployments,
    events,
    versions: new VersionClock(clock),
    sandboxes,
    clock,
    logger,
    close: async () => {
      closed = true;
      queue.close();
      const tasks = table.all();
      for (const task of tasks) runner.kill(task);
      await Promise.all(tasks.map((task) => task.process?.gone));
      file.close();
    },
  };
}

/** One agent, one framework; their ids outlive the server, since log paths are made of them. */
function agentOf(dataDir: string, host: string): Agent {
  const path = join(dataDir, 'framework-id');
  mkdirSync(dataDir, { recursive: true });
  let id: string;
  try {
    id = readFileSync(path, 'utf8').trim();
  } catch {
    id = randomUUID();
    writeFileSync(path, `${id}\n`);
  }
  return { id: `${id}-S0`, host, frameworkId: `${id}-0000` };
}
