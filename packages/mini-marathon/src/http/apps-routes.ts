import type { Request, RequestHandler } from 'express';
import { Router } from 'express';
import { ApiError } from '../api-error';
import type { AppDefinition } from '../apps/definition';
import { parseLabelSelector } from '../apps/label-selector';
import { absoluteId, isBelow } from '../apps/path-id';
import { readApp, readApps } from '../apps/validation';
import type { Cluster } from '../cluster';
import type { Operations } from '../operations/operations';
import type { Embed } from '../views/app-view';
import { appView } from '../views/app-view';
import { captured, embeds, flag, jsonBody, values } from './request';
import { sendDeployment } from './response';

const ID = /^\/(.+?)\/?$/;
const GROUP_LIST = /^\/(.*\/)?\*$/;
const EVERYTHING: ReadonlySet<Embed> = new Set(['tasks', 'lastTaskFailure']);

/** `/v2/apps` and below, tasks aside (4B.3). */
export function appsRoutes(cluster: Cluster, operations: Operations): Router {
  const router = Router();
  const id = (request: Request) => absoluteId(captured(request, 0));
  const posted = (request: Request) => (app: AppDefinition) => publishPost(cluster, request, app);

  router.get('/', (request, response) => {
    const apps = filtered(cluster.apps.list(), request);
    response.json({ apps: apps.map((app) => appView(cluster, app, embeds(request))) });
  });

  router.post('/', (request, response) => {
    const { plan } = operations.create(
      readApp(jsonBody(request), 'create'),
      flag(request, 'force'),
      posted(request),
    );
    const [created] = [...plan.target.values()];
    if (created === undefined) throw new Error('A creation has no app');
    response.status(201).set({ Location: created.id, 'Marathon-Deployment-Id': plan.id });
    response.json({
      ...created,
      tasks: [],
      tasksStaged: 0,
      tasksRunning: 0,
      tasksHealthy: 0,
      tasksUnhealthy: 0,
      deployments: [{ id: plan.id }],
    });
  });

  const updateMany =
    (allowCreation: boolean): RequestHandler =>
    (request, response) => {
      const options = updateOptions(request, allowCreation);
      const { plan } = operations.update(readApps(jsonBody(request)), options, posted(request));
      sendDeployment(response, plan);
    };
  router.put('/', updateMany(true));
  router.patch('/', updateMany(false));

  router.get(GROUP_LIST, (request, response) => {
    const group = absoluteId(captured(request, 0));
    const apps = cluster.apps.list().filter((app) => isBelow(app.id, group));
    response.json({
      '*': apps.map((app) => appView(cluster, app, new Set([...EVERYTHING, ...embeds(request)]))),
    });
  });

  router.post(/^\/(.+)\/restart\/?$/, (request, response) => {
    sendDeployment(response, operations.restart(id(request), flag(request, 'force')));
  });

  router.get(/^\/(.+)\/versions\/?$/, (request, response) => {
    operations.app(id(request));
    response.json({ versions: cluster.apps.versions(id(request)).map((app) => app.version) });
  });

  router.get(/^\/(.+)\/versions\/([^/]+)\/?$/, (request, response) => {
    response.json(operations.appVersion(id(request), captured(request, 1)));
  });

  router.get(ID, (request, response) => {
    const app = operations.app(id(request));
    response.json({ app: appView(cluster, app, new Set([...EVERYTHING, ...embeds(request)])) });
  });

  const updateOne =
    (allowCreation: boolean): RequestHandler =>
    (request, response) => {
      const input = { ...readApp(jsonBody(request), 'update'), id: id(request) };
      const options = updateOptions(request, allowCreation);
      const { plan, created } = operations.update([input], options, posted(request));
      if (created) response.set('Location', input.id);
      sendDeployment(response, plan, created ? 201 : 200);
    };
  router.put(ID, updateOne(true));
  router.patch(ID, updateOne(false));

  router.delete(ID, (request, response) => {
    const app = operations.app(id(request));
    publishPost(cluster, request, app);
    // Here alone force is the default.
    sendDeployment(response, operations.remove(app.id, flag(request, 'force', true)));
  });
  return router;
}

function updateOptions(request: Request, allowCreation: boolean) {
  const partialUpdate = !allowCreation || flag(request, 'partialUpdate', true);
  return { force: flag(request, 'force'), partialUpdate, allowCreation };
}

function publishPost(cluster: Cluster, request: Request, app: AppDefinition): void {
  const clientIp = request.socket.remoteAddress ?? '';
  cluster.events.publish('api_post_event', { clientIp, uri: request.originalUrl, appDefinition: app });
}

/** `id` and `cmd` are substrings in any case; `label` is a selector. */
function filtered(apps: readonly AppDefinition[], request: Request): AppDefinition[] {
  const contains = (text: string | undefined, part: string | undefined) =>
    part === undefined || (text ?? '').toLowerCase().includes(part.toLowerCase());
  const [id, cmd, label] = ['id', 'cmd', 'label'].map((name) => values(request, name)[0]);
  const matches = selectorOf(label);
  return apps.filter((app) => contains(app.id, id) && contains(app.cmd, cmd) && matches(app.labels));
}

function selectorOf(label: string | undefined) {
  if (label === undefined) return () => true;
  try {
    return parseLabelSelector(label);
  } catch (error) {
    throw new ApiError(400, { message: (error as Error).message });
  }
}
