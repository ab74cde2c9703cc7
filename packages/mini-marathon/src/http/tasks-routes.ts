import type { Request, Response } from 'express';
import { Router } from 'express';
import Joi from 'joi';
import { badParameter, malformedTaskId, scaleAndWipe, unknownGroup, unknownTask } from '../api-error';
import type { AppDefinition } from '../apps/definition';
import { servicePortsOf } from '../apps/definition';
import { absoluteId, isBelow, safePath } from '../apps/path-id';
import { checked } from '../apps/validation';
import type { Cluster } from '../cluster';
import type { Operations } from '../operations/operations';
import type { Task } from '../tasks/task';
import { instanceIdOf } from '../tasks/task';
import { taskView } from '../views/task-view';
import { captured, flag, jsonBody, values } from './request';
import { sendDeployment } from './response';

const APP_TASKS = /^\/(.+)\/tasks\/?$/;
const APP_TASK = /^\/(.+)\/tasks\/([^/]+)\/?$/;
const GROUP_TASKS = /^\/(.*\/)?\*\/tasks\/?$/;
const idList = Joi.object({ ids: Joi.array().items(Joi.string()).required() }).required();

/** `/v2/apps/{id}/tasks` (4B.4). Mounted before the routes of apps, whose ids may hold slashes. */
export function appTasksRoutes(cluster: Cluster, operations: Operations): Router {
  const router = Router();
  const view = (task: Task) => taskView(task, cluster.agent);
  const appOf = (request: Request) => operations.app(absoluteId(captured(request, 0)));

  router.get(GROUP_TASKS, (request, response) => {
    const group = absoluteId(captured(request, 0));
    if (cluster.groups.get(group) === undefined) throw unknownGroup(group);
    const apps = cluster.apps.list().filter((app) => isBelow(app.id, group));
    response.json({ tasks: apps.flatMap((app) => cluster.table.ofApp(app.id)).map(view) });
  });

  router.get(APP_TASKS, (request, response) => {
    const app = appOf(request);
    if (wantsText(request)) sendText(response, cluster, [app]);
    else response.json({ tasks: cluster.table.ofApp(app.id).map(view) });
  });

  router.delete(APP_TASKS, (request, response) => {
    const { scale, force } = killOptions(request);
    const app = appOf(request);
    const host = values(request, 'host')[0];
    const all = cluster.table.ofApp(app.id);
    const there = host === undefined || host === '*' || host === cluster.agent.host ? all : [];
    const tasks = there.slice(0, killCount(request) ?? there.length);
    if (flag(request, 'noOp')) {
      response.json({ tasks: tasks.map(view) });
      return;
    }
    if (scale) return sendDeployment(response, operations.killAndScale(new Map([[app.id, tasks]]), force));
    operations.kill(tasks);
    response.json({ tasks: tasks.map(view) });
  });

  router.delete(APP_TASK, (request, response) => {
    const { scale, force } = killOptions(request);
    const app = appOf(request);
    const id = captured(request, 1);
    const found = cluster.table.find(id);
    const task = found?.appId === app.id ? found : undefined;
    // With scale an unknown task is no error: nothing is killed and the count stays.
    if (scale) {
      const tasks = task === undefined ? [] : [task];
      return sendDeployment(response, operations.killAndScale(new Map([[app.id, tasks]]), force));
    }
    if (task === undefined) throw unknownTask(id);
    operations.kill([task]);
    response.json({ task: view(task) });
  });
  return router;
}

/** `/v2/tasks` (4B.4). */
export function tasksRoutes(cluster: Cluster, operations: Operations): Router {
  const router = Router();

  router.get('/', (request, response) => {
    const apps = cluster.apps.list();
    if (wantsText(request)) return sendText(response, cluster, apps);
    const states = new Set(values(request, 'status').map((status) => `TASK_${status.toUpperCase()}`));
    const tasks = apps.flatMap((app) =>
      cluster.table
        .ofApp(app.id)
        .filter((task) => states.size === 0 || states.has(task.state))
        .map((task) => ({ ...taskView(task, cluster.agent), servicePorts: servicePortsOf(app) })),
    );
    response.json({ tasks });
  });

  router.post('/delete', (request, response) => {
    const { scale, force } = killOptions(request);
    const { ids } = checked(idList, jsonBody(request)) as { ids: string[] };
    for (const id of ids) if (instanceIdOf(id) === undefined) throw malformedTaskId(id);
    const tasks = ids
      .map((id) => cluster.table.find(id))
      .filter((task): task is Task => task !== undefined && cluster.apps.get(task.appId) !== undefined);
    if (scale) {
      const appIds = [...new Set(tasks.map((task) => task.appId))];
      const byApp = new Map(appIds.map((appId) => [appId, tasks.filter((task) => task.appId === appId)]));
      return sendDeployment(response, operations.killAndScale(byApp, force));
    }
    operations.kill(tasks);
    response.json({ tasks: tasks.map((task) => taskView(task, cluster.agent)) });
  });
  return router;
}

function killOptions(request: Request): { scale: boolean; force: boolean } {
  const scale = flag(request, 'scale');
  if (scale && flag(request, 'wipe')) throw scaleAndWipe();
  return { scale, force: flag(request, 'force') };
}

/** How many tasks at most; a negative number means all. @throws ApiError 400 */
function killCount(request: Request): number | undefined {
  const [given] = values(request, 'killCount');
  if (given === undefined) return undefined;
  const count = Number(given);
  if (!Number.isInteger(count) || given.trim() === '') throw badParameter('killCount', given);
  return count < 0 ? undefined : count;
}

const wantsText = (request: Request): boolean =>
  request.accepts(['application/json', 'text/plain']) === 'text/plain';

/** One line per service port: app, port and every `host:port` behind it, tab-separated. */
function sendText(response: Response, cluster: Cluster, apps: readonly AppDefinition[]): void {
  const lines = apps.flatMap((app) => {
    const running = cluster.table.ofApp(app.id).filter((task) => task.state === 'TASK_RUNNING');
    const name = safePath(app.id);
    const ports = servicePortsOf(app);
    if (ports.length === 0) return [`${name}\t \t${running.map(() => `${cluster.agent.host} `).join('')}`];
    return ports.map((port, index) => {
      const ends = running.map((task) => `${cluster.agent.host}:${task.ports[index] ?? 0}\t`);
      return `${name}\t${port}\t${ends.join('')}`;
    });
  });
  response.type('text/plain').send(lines.map((line) => `${line}\n`).join(''));
}
