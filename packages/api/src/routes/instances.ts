import type { Request, Response } from 'express';
import { WaiterError } from '@waiter/core';
import type { ServiceId } from '@waiter/core';
import type { ApiDeps } from '../deps';
import { jsonStream } from '../http/json-stream';
import { integerOf, isFlagSet, valuesOf } from '../http/query';
import type { Route } from '../http/route';
import { InstanceWatch } from '../services/instance-watch';
import type { ServiceNotices } from '../services/instance-watch';
import { serviceFilter } from '../services/service-filter';

type Deps = Pick<ApiDeps, 'store' | 'config' | 'logger' | 'isDraining'>;

/** `/apps/instances?watch=true`: healthy instances as they come and go (spec: services-and-tokens 4.9). */
export function instancesRoutes(deps: Deps, notices: ServiceNotices): Route[] {
  return [
    {
      path: '/apps/instances',
      auth: 'user',
      methods: {
        GET: (request) => {
          if (!isFlagSet(request, 'watch')) {
            const message = 'watch query parameter must be true, no other option is supported.';
            throw new WaiterError(message, { status: 400 });
          }
          const idleMs = integerOf(request, 'streaming-timeout') ?? deps.config.router.streamingTimeoutMs;
          if (integerOf(request, 'streaming-timeout') === null) {
            throw new WaiterError('streaming-timeout query parameter must be an integer', { status: 400 });
          }
          const watch = watchOf(request, deps.store);
          return { stream: (response) => void follow(response, idleMs, watch, notices, deps) };
        },
      },
    },
  ];
}

function watchOf(request: Request, store: Deps['store']): InstanceWatch {
  const filter = serviceFilter(request);
  const ids = valuesOf(request, 'service-id');
  return new InstanceWatch(
    store,
    (record) => (ids.length === 0 || ids.includes(record.id)) && filter(record),
  );
}

async function follow(
  response: Response,
  idleMs: number,
  watch: InstanceWatch,
  notices: ServiceNotices,
  { logger, isDraining }: Pick<Deps, 'logger' | 'isDraining'>,
): Promise<void> {
  let changed = new Set<ServiceId>();
  let anything = false;
  // Resolved by the next notice; made anew before each look, so that none is missed.
  let wake: () => void = () => undefined;
  const stream = jsonStream(response, { idleMs, isDraining, onEnd: () => wake() });
  try {
    const unsubscribe = await notices.subscribe((id) => {
      if (id === null) anything = true;
      else changed.add(id);
      wake();
    });
    response.once('close', unsubscribe);
    stream.write(await watch.initial());
    while (!stream.over) {
      if (changed.size === 0 && !anything) await new Promise<void>((resolve) => (wake = resolve));
      const ids = anything ? null : changed;
      changed = new Set();
      anything = false;
      const event = stream.over ? null : await watch.changed(ids);
      if (event !== null) stream.write(event);
    }
    unsubscribe();
  } catch (error) {
    logger.warn('a watch of instances broke off', { error });
    response.destroy();
  }
}
