import type { Request } from 'express';
import { Router } from 'express';
import { invalidObject, unknownGroup } from '../api-error';
import type { AppDefinition } from '../apps/definition';
import { absoluteId, isBelow, parentId } from '../apps/path-id';
import type { Cluster } from '../cluster';
import { GroupOperations } from '../groups/group-operations';
import { readGroup, readGroupPatch, type GroupUpdate } from '../groups/group-update';
import type { Snapshot } from '../groups/history';
import type { Embed } from '../views/app-view';
import { appView } from '../views/app-view';
import { captured, embeds, flag, jsonBody, values } from './request';
import { sendDeployment, sendNothing } from './response';

interface GroupView {
  readonly id: string;
  readonly apps: readonly unknown[];
  readonly pods: readonly unknown[];
  readonly groups: readonly GroupView[];
  readonly dependencies: readonly string[];
  readonly version: string;
  /** Only where somebody has said it: clients of 1.8 know no such field. */
  readonly enforceRole?: boolean;
}

/** `/v2/groups`: the tree that the ids of groups and apps span. */
export function groupsRoutes(cluster: Cluster): Router {
  const router = Router();
  const operations = new GroupOperations(cluster);
  const idOf = (request: Request): string => absoluteId(captured(request, 0));
  /** Below the group in the path; the path alone where the body names none. */
  const target = (request: Request, update: GroupUpdate): string =>
    update.id === undefined || update.id === '' ? idOf(request) : absoluteId(update.id, idOf(request));

  router.get(/^\/(.*?)\/?versions\/?$/, (request, response) => {
    existing(cluster, idOf(request));
    response.json(versionsOf(cluster, idOf(request)));
  });

  router.get(/^\/(.*?)\/?versions\/([^/]+)\/?$/, (request, response) => {
    const id = idOf(request);
    const version = captured(request, 1);
    const then = cluster.history.at(version);
    const wasThere = id === '/' || then?.groups.some((group) => group.id === id) === true;
    if (then === undefined || !wasThere) throw unknownGroup(id);
    response.json(groupView(then, id, WHOLE, (app) => app));
  });

  router.get(/^\/(.*?)\/?apps\/?$/, (request, response) => {
    const id = existing(cluster, idOf(request));
    const apps = cluster.apps.list().filter((app) => isBelow(app.id, id));
    response.json(apps.map((app) => appView(cluster, app, embeds(request))));
  });

  router.get(/^\/(.*)$/, (request, response) => {
    const id = existing(cluster, idOf(request));
    const shown = groupEmbeds(request);
    const detail = new Set([...shown].filter((one): one is Embed => one !== 'apps' && one !== 'groups'));
    const now = { apps: cluster.apps.list(), groups: cluster.groups.list() };
    response.json(
      groupView(now, id, shown, (app) => (detail.size > 0 ? appView(cluster, app, detail) : app)),
    );
  });

  router.post(/^\/(.*)$/, (request, response) => {
    const update = readGroup(jsonBody(request));
    const id = target(request, update);
    const plan = operations.create(id, update, flag(request, 'force'));
    response.set('Location', id);
    sendDeployment(response, plan, 201);
  });

  router.put(/^\/(.*)$/, (request, response) => {
    const update = readGroup(jsonBody(request));
    const id = target(request, update);
    if (flag(request, 'dryRun')) {
      response.json({ steps: operations.preview(id, update).steps });
      return;
    }
    sendDeployment(response, operations.update(id, update, flag(request, 'force')));
  });

  router.patch(/^\/(.*)$/, (request, response) => {
    const id = existing(cluster, idOf(request));
    const patch = readGroupPatch(jsonBody(request));
    if (id === '/') throw invalidObject([{ path: '/', errors: ['must not be root'] }]);
    operations.patch(id, patch);
    sendNothing(response, cluster, 200);
  });

  router.delete(/^\/(.*)$/, (request, response) => {
    const id = existing(cluster, idOf(request));
    sendDeployment(response, operations.remove(id, flag(request, 'force')));
  });
  return router;
}

type GroupEmbed = Embed | 'apps' | 'groups';

/** Apps and groups unless something else is asked for. */
function groupEmbeds(request: Request): ReadonlySet<GroupEmbed> {
  const asked = values(request, 'embed').map((value) => value.replace(/^group\./, ''));
  if (asked.length === 0) return new Set(['apps', 'groups']);
  const found = new Set<GroupEmbed>(embeds(request));
  if (asked.includes('groups')) found.add('groups');
  if (asked.some((value) => value === 'apps' || value.startsWith('apps.'))) found.add('apps');
  return found;
}

const WHOLE: ReadonlySet<GroupEmbed> = new Set(['apps', 'groups']);

/** @throws ApiError 404 */
function existing(cluster: Cluster, id: string): string {
  if (cluster.groups.get(id) === undefined) throw unknownGroup(id);
  return id;
}

/** Those in which the group differs from the one before, newest first. */
function versionsOf(cluster: Cluster, id: string): string[] {
  const versions = cluster.history
    .list()
    .map((snapshot) => groupView(snapshot, id, WHOLE, (app) => app).version);
  return [...new Set(versions.filter((version) => version !== NEVER))];
}

const NEVER = '1970-01-01T00:00:00.000Z';

function groupView(
  { apps, groups }: Pick<Snapshot, 'apps' | 'groups'>,
  id: string,
  shown: ReadonlySet<GroupEmbed>,
  view: (app: AppDefinition) => unknown,
): GroupView {
  const below = apps.filter((app) => isBelow(app.id, id));
  const inside = groups.filter((group) => isBelow(group.id, id));
  const own = groups.find((group) => group.id === id);
  const newest = [...below, ...inside, ...(own === undefined ? [] : [own])]
    .map(({ version }) => version)
    .sort();
  return {
    id,
    apps: shown.has('apps') ? below.filter((app) => parentId(app.id) === id).map(view) : [],
    pods: [],
    groups: shown.has('groups')
      ? inside
          .filter((group) => parentId(group.id) === id)
          .map((group) => groupView({ apps: below, groups: inside }, group.id, shown, view))
      : [],
    dependencies: own?.dependencies ?? [],
    version: newest.at(-1) ?? NEVER,
    ...(own?.enforceRole === undefined ? {} : { enforceRole: own.enforceRole }),
  };
}
