import type { Request } from 'express';
import { WaiterError } from '@waiter/core';
import type { Instance, ServiceId } from '@waiter/core';
import type { InstanceSnapshot } from '@waiter/store';
import type { ApiDeps } from '../deps';
import { valuesOf } from '../http/query';
import type { Route } from '../http/route';
import { canManage, idOf, notFound, viewer } from '../services/managed-service';
import { SandboxFiles } from '../services/sandbox-files';

type Deps = Pick<ApiDeps, 'store' | 'entitlement' | 'config' | 'port'>;

/** `/apps/<service-id>/logs`: the files that an instance wrote (spec: services-and-tokens 4.8.3). */
export function logsRoutes(deps: Deps): Route[] {
  const { marathon, schedulers } = deps.config;
  const several = Object.values(schedulers.components);
  const files = new SandboxFiles({
    clusters: (several.length > 0 ? several : [marathon]).map(({ urls, agentPort = marathon.agentPort }) => ({
      urls,
      agentPort,
    })),
    timeoutMs: marathon.requestTimeoutMs,
  });
  return [
    {
      path: '/apps/:id/logs',
      auth: 'user',
      methods: {
        any: async (request, { identity }) => {
          const id = idOf(request);
          const user = viewer(request, identity.user, deps);
          const [record, snapshot] = await Promise.all([
            deps.store.services.get(id),
            deps.store.instances.get(id),
          ]);
          if (record === null) throw notFound(id);
          if (!canManage(deps, user, record)) {
            throw new WaiterError(`Unauthorized user ${user}`, {
              status: 401,
              details: { 'service-id': id },
            });
          }
          const instanceId = required(request, 'instance-id');
          const host = required(request, 'host');
          const [directory] = valuesOf(request, 'directory');
          refuseForeign(id, snapshot, { instanceId, host, directory });
          const entries = await files.list(instanceId, host, directory);
          return {
            json: entries.map(({ name, type, size, path, url }) => ({
              name,
              ...(size === null ? {} : { size }),
              type,
              url: url ?? logUrl(deps, { serviceId: id, id: instanceId, host, logDirectory: path }),
            })),
          };
        },
      },
    },
  ];
}

function required(request: Request, name: string): string {
  const [value = ''] = valuesOf(request, name);
  if (value.trim() === '') throw new WaiterError(`Missing ${name} parameter`, { status: 400 });
  return value;
}

/**
 * The files API of an agent shows every sandbox that it has, and any host could be named: so only hosts on which the
 * service ran, and only paths through the instance's own directory.
 * @throws WaiterError 400
 */
function refuseForeign(
  serviceId: ServiceId,
  snapshot: InstanceSnapshot | null,
  asked: { readonly instanceId: string; readonly host: string; readonly directory: string | undefined },
): void {
  const { instanceId, host, directory } = asked;
  const all = [...(snapshot?.instances ?? []), ...(snapshot?.failed ?? []), ...(snapshot?.killed ?? [])];
  if (!instanceId.startsWith(`${serviceId}.`) || !all.some((instance) => instance.host === host)) {
    throw new WaiterError('The service has no such instance on that host', { status: 400 });
  }
  const parts = directory?.split('/');
  if (parts !== undefined && (parts.includes('..') || !parts.includes(instanceId))) {
    throw new WaiterError('The directory is none of the instance', { status: 400 });
  }
}

/** Where the logs of an instance are listed. */
export function logUrl(
  { config, port }: Pick<ApiDeps, 'config' | 'port'>,
  { serviceId, id, host, logDirectory }: Pick<Instance, 'serviceId' | 'id' | 'host' | 'logDirectory'>,
): string {
  const query = new URLSearchParams({
    'instance-id': id,
    host,
    ...(logDirectory === null ? {} : { directory: logDirectory }),
  });
  return `${publicUrl({ config, port })}/apps/${serviceId}/logs?${query.toString()}`;
}

/** By which clients reach the API, for generated links. */
export function publicUrl({ config, port }: Pick<ApiDeps, 'config' | 'port'>): string {
  const [hostname = 'localhost'] = config.router.hostnames;
  return `http://${hostname}:${port}`;
}
