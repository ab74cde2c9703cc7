import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Clock } from '@waiter/core';
import { systemClock } from '@waiter/core';
import { AppStore, type AppRecord } from './apps/store';
import { Convergence } from './deployments/convergence';
import type { DeploymentRecord } from './deployments/deployment-record';
import { Deployments } from './deployments/deployments';
import { LaunchQueue } from './deployments/launch-queue';
import { EventBus } from './events/event-bus';
import { Subscriptions, type Subscription } from './events/subscriptions';
import type { Agent } from './events/task-events';
import { TaskEvents } from './events/task-events';
import { GroupStore, type GroupDefinition } from './groups/group-store';
import { History } from './groups/history';
import type { Logger } from './logger';
import { silentLogger } from './logger';
import type { MiniMarathonOptions } from './options';
import { Records } from './state/records';
import { ServerLock } from './state/server-lock';
import { endStrays } from './state/strays';
import { HostPorts } from './tasks/host-ports';
import { Sandboxes } from './tasks/sandboxes';
import { TaskRunner } from './tasks/task-runner';
import type { TaskRecord } from './tasks/task-record';
import { TaskTable } from './tasks/task-table';
import { VersionClock } from './timestamp';

/** Everything but HTTP: apps, their tasks and the deployments between, wired together. */
export interface Cluster {
  readonly agent: Agent;
  readonly apps: AppStore;
  readonly groups: GroupStore;
  readonly history: History;
  readonly table: TaskTable;
  readonly runner: TaskRunner;
  readonly queue: LaunchQueue;
  readonly deployments: Deployments;
  readonly events: EventBus;
  readonly subscriptions: Subscriptions;
  readonly versions: VersionClock;
  readonly sandboxes: Sandboxes;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Tells servers that stand by where this one listens (`host:port`). */
  announce(address: string): void;
  /** Writes what has changed: what was answered survives this process. */
  flush(): void;
  /** Kills every task and waits until all are gone, and forgets all apps; or leaves everything as it is (`keepTasks`). */
  close(): Promise<void>;
  /** Leaves everything as it is, for the server that leads next. */
  handOver(): void;
}

/**
 * Goes on where an earlier server with this data directory was killed: apps and deployments are read, tasks that still run
 * are taken over. @throws Error when the data directory is in use
 */
export async function createCluster(options: MiniMarathonOptions): Promise<Cluster> {
  const logger = options.logger ?? silentLogger;
  const clock = systemClock;
  const dataDir = resolve(options.dataDir);
  const lock = ServerLock.take(dataDir);
  const agent = agentOf(dataDir, options.taskHost ?? '127.0.0.1');
  const events = new EventBus(clock);
  const records = {
    apps: new Records<AppRecord>(join(dataDir, 'apps'), logger),
    deployments: new Records<DeploymentRecord>(join(dataDir, 'deployments'), logger),
    groups: new Records<GroupDefinition>(join(dataDir, 'groups'), logger),
    subscriptions: new Records<Subscription>(join(dataDir, 'subscriptions'), logger),
    tasks: new Records<TaskRecord>(join(dataDir, 'tasks'), logger),
  };
  const subscriptions = new Subscriptions(records.subscriptions, events, logger);
  const apps = new AppStore(records.apps);
  const groups = new GroupStore(records.groups);
  const history = new History();
  const table = new TaskTable();
  const ports = new HostPorts(options.portRange ?? [31_000, 32_000]);
  const left = records.tasks.read().sort((a, b) => a.stagedAtMs - b.stagedAtMs);
  const running = new Set(left.map(({ id }) => id));
  const sandboxes = new Sandboxes(dataDir, options.keepSandboxes ?? 200, agent, running);
  let closed = false;
  const appChanged = (appId: string): void => {
    if (!closed) deployments.appChanged(appId);
  };
  const runner = new TaskRunner(
    {
      agent,
      apps,
      table,
      ports,
      sandboxes,
      records: records.tasks,
      events: new TaskEvents(events, agent),
      clock,
      logger,
      enforceMemory: options.enforceMemory ?? true,
    },
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
  const convergence = new Convergence(apps, table, runner, queue);
  const deployments = new Deployments(apps, convergence, events, records.deployments, groups, history);
  for (const record of left) runner.adopt(record);
  endStrays(sandboxes.root, (taskId) => table.find(taskId)?.id === taskId, logger);
  await ports.refill(1);
  deployments.resume();
  const flush = (): void => Object.values(records).forEach((each) => each.flush());
  const handOver = (): void => {
    closed = true;
    queue.close();
    runner.release();
    subscriptions.close();
    events.end();
    flush();
    lock.release();
  };
  return {
    agent,
    apps,
    groups,
    history,
    table,
    runner,
    queue,
    deployments,
    events,
    subscriptions,
    versions: new VersionClock(clock, newestVersion(apps)),
    sandboxes,
    clock,
    logger,
    announce: (address) => lock.announce(address),
    flush,
    close: async () => {
      if (options.keepTasks === true) {
        handOver();
        return sandboxes.settled();
      }
      closed = true;
      queue.close();
      const tasks = table.all();
      for (const task of tasks) runner.kill(task);
      await Promise.all(tasks.map((task) => task.process?.gone));
      await sandboxes.settled();
      subscriptions.close();
      Object.values(records).forEach((each) => each.clear());
      flush();
      lock.release();
    },
    handOver,
  };
}

const newestVersion = (apps: AppStore): number =>
  Math.max(0, ...apps.list().map(({ version }) => Date.parse(version) || 0));

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
