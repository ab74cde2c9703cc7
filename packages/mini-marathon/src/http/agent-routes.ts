import { Router } from 'express';
import type { Cluster } from '../cluster';
import { safePath } from '../apps/path-id';
import type { Task } from '../tasks/task';
import type { JsonObject } from '../views/task-view';

/** The line of Mesos whose agent this resembles. */
const VERSION = '1.11.0';

/**
 * What a Mesos agent tells of itself (4A.9). Real agents listen elsewhere; this server is Marathon and agent in one.
 * `flags.work_dir` is where the paths of sandboxes begin: a log directory is made of it.
 */
export function agentRoutes(cluster: Cluster): Router {
  const router = Router();
  router.get([/^\/(slave\(1\)\/)?state(\.json)?$/], (_request, response) => {
    response.json(agentState(cluster));
  });
  router.get(['/health', '/slave(1)/health'].map(literal), (_request, response) => {
    response.status(200).end();
  });
  return router;
}

function agentState({ agent, table, sandboxes }: Cluster): JsonObject {
  const executor = (id: string, running: Task | undefined): JsonObject => ({
    id,
    name: '',
    source: id,
    container: sandboxes.agentPathOf(id).split('/').at(-1),
    directory: sandboxes.agentPathOf(id),
    resources: running === undefined ? {} : resourcesOf(running),
    tasks: running === undefined ? [] : [taskState(running, agent)],
    completed_tasks: [],
    queued_tasks: [],
  });
  return {
    id: agent.id,
    pid: `slave(1)@${agent.host}`,
    version: VERSION,
    hostname: agent.host,
    attributes: {},
    flags: { work_dir: sandboxes.dataDir },
    frameworks: [
      {
        id: agent.frameworkId,
        name: 'marathon',
        user: '',
        role: '*',
        checkpoint: true,
        executors: table.all().map((task) => executor(task.id, task)),
        completed_executors: sandboxes.endedTasks().map((id) => executor(id, undefined)),
      },
    ],
    completed_frameworks: [],
  };
}

function taskState(task: Task, agent: Cluster['agent']): JsonObject {
  return {
    id: task.id,
    name: safePath(task.appId),
    framework_id: agent.frameworkId,
    executor_id: task.id,
    slave_id: agent.id,
    state: task.state,
    resources: resourcesOf(task),
  };
}

function resourcesOf({ app, ports }: Task): JsonObject {
  const { cpus, mem, disk, gpus } = app;
  return { cpus, mem, disk, gpus, ports: `[${ports.map((port) => `${port}-${port}`).join(', ')}]` };
}

const literal = (path: string): RegExp => new RegExp(`^${path.replaceAll(/[()]/g, '\\$&')}$`);
