import type { Request } from 'express';
import { Router } from 'express';
import { unknownGroup } from '../api-error';
import { absoluteId, isBelow, parentId } from '../apps/path-id';
import type { Cluster } from '../cluster';
import type { Operations } from '../operations';
import type { Embed } from '../views/app-view';
import { appView } from '../views/app-view';
import { captured, embeds, flag, values } from './request';
import { sendDeployment } from './response';

interface GroupView {
  readonly id: string;
  readonly apps: readonly unknown[];
  readonly pods: readonly unknown[];
  readonly groups: readonly GroupView[];
  readonly dependencies: readonly string[];
  readonly version: string;
}

/**
 * `/v2/groups`: the tree that the ids of apps span. A group exists while an app is below it; groups are not created by
 * themselves here.
 */
export function groupsRoutes(cluster: Cluster, operations: Operations): Router {
  const router = Router();

  router.get(/^\/(.*?)\/?versions\/?$/, (request, response) => {
    response.json([existing(cluster, absoluteId(captured(request, 0)), new Set()).version]);
  });

  router.get(/^\/(.*)$/, (request, response) => {
    response.json(existing(cluster, absoluteId(captured(request, 0)), groupEmbeds(request)));
  });

  router.delete(/^\/(.*)$/, (request, response) => {
    const id = absoluteId(captured(request, 0));
    existing(cluster, id, new Set());
    sendDeployment(response, operations.removeGroup(id, flag(request, 'force')));
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

function existing(cluster: Cluster, id: string, shown: ReadonlySet<GroupEmbed>): GroupView {
  if (id !== '/' && !cluster.apps.list().some((app) => isBelow(app.id, id))) throw unknownGroup(id);
  return groupView(cluster, id, shown);
}

function groupView(cluster: Cluster, id: string, shown: ReadonlySet<GroupEmbed>): GroupView {
  const below = cluster.apps.list().filter((app) => isBelow(app.id, id));
  const children = new Set(
    below.filter((app) => parentId(app.id) !== id).map((app) => childGroup(app.id, id)),
  );
  const detail = new Set([...shown].filter((one): one is Embed => one !== 'apps' && one !== 'groups'));
  const apps = below.filter((app) => parentId(app.id) === id);
  return {
    id,
    apps: shown.has('apps') ? apps.map((app) => (detail.size > 0 ? appView(cluster, app, detail) : app)) : [],
    pods: [],
    groups: shown.has('groups') ? [...children].map((child) => groupView(cluster, child, shown)) : [],
    dependencies: [],
    version:
      below
        .map((app) => app.version)
        .sort()
        .at(-1) ?? '1970-01-01T00:00:00.000Z',
  };
}

/** `/a/b/c` seen from `/a` lies in `/a/b`. */
function childGroup(appId: string, group: string): string {
  const depth = group === '/' ? 1 : group.split('/').length;
  return appId
    .split('/')
    .slice(0, depth + 1)
    .join('/');
}
