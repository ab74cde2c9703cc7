import { isMap, type Json, type ServiceId } from '@waiter/core';
import { NO_LOAD, type CollectionEntry, type InstanceSnapshot, type ServiceLoad } from '@waiter/store';
import type { ApiDeps } from '../../deps';
import { instanceView, isoTime } from '../service-view';

type Deps = Pick<ApiDeps, 'store'>;

/** What the scaler saves of a service, as far as it is shown. */
interface Carried {
  readonly targetInstances?: number;
  readonly scaleAmount?: number;
  readonly scaleToInstances?: number;
  readonly evaluatedAtMs?: number;
  readonly label?: string;
}

interface Facts {
  readonly snapshot: InstanceSnapshot | null;
  readonly carried: Carried | null;
  readonly load: ServiceLoad;
}

/** Parts of `/state/autoscaler` and of `autoscaler-state` in `/state/<service-id>` (spec: scaling-and-schedulers 1.6). */
function partsOf({
  snapshot,
  carried,
  load,
}: Facts): Record<'scale' | 'scheduler' | 'router' | 'global', Json> {
  const instances = snapshot?.instances ?? [];
  const expired = instances.filter(({ flags }) => flags.includes('expired'));
  const expiredHealthy = expired.filter(({ healthy }) => healthy).length;
  return {
    scale: {
      'target-instances': carried?.targetInstances ?? null,
      'scale-to-instances': carried?.scaleToInstances ?? null,
      'scale-amount': carried?.scaleAmount ?? null,
      'scaling-state': carried?.label ?? null,
      'evaluated-at': isoTime(carried?.evaluatedAtMs ?? null),
    },
    scheduler: { instances: snapshot?.requested ?? 0, 'task-count': snapshot?.scheduled ?? 0 },
    router: {
      'healthy-instances': instances.filter(({ healthy }) => healthy).length,
      'expired-healthy-instances': expiredHealthy,
      'expired-unhealthy-instances': expired.length - expiredHealthy,
    },
    global: {
      outstanding: load.inFlight + load.queued,
      'last-request-time': isoTime(load.lastRequestAtMs),
      total: load.total,
    },
  };
}

/** `/state/autoscaler`: what every service is scaled by. */
export async function autoscalerState({ store }: Deps): Promise<Record<string, Json>> {
  const [ids, demand, said, pauses] = await Promise.all([
    store.services.ids(),
    store.load.demand(),
    store.leaderState.read('autoscaler'),
    store.scalingPauses.all(),
  ]);
  const all = await Promise.all(
    ids.map(async (id) => {
      const [snapshot, carried] = await Promise.all([
        store.instances.get(id),
        store.services.scaleState<Carried>(id),
      ]);
      return [id, partsOf({ snapshot, carried, load: demand.get(id) ?? NO_LOAD })] as const;
    }),
  );
  const pick = (part: 'scale' | 'scheduler' | 'router' | 'global'): Json =>
    Object.fromEntries(all.map(([id, parts]) => [id, parts[part]]));
  return {
    ...(isMap(said) ? said : {}),
    'continue-looping': isMap(said),
    'global-state': pick('global'),
    'service-id->router-state': pick('router'),
    'service-id->scale-state': pick('scale'),
    'service-id->scheduler-state': pick('scheduler'),
    'paused?': pauses.everywhere !== null,
    'paused-services': [...pauses.services.keys()].sort(),
    'supported-include-params': [],
  };
}

/** `autoscaler-state` of one service; `{}` of an unknown one. */
export function autoscalerStateOf(facts: Facts): Record<string, Json> {
  const { scale, scheduler, router } = partsOf(facts);
  const { inFlight, queued } = facts.load;
  if (facts.snapshot === null && facts.carried === null) {
    return inFlight + queued > 0 ? { 'outstanding-requests': inFlight + queued } : {};
  }
  return Object.assign({}, scale, scheduler, router, { 'outstanding-requests': inFlight + queued });
}

/** `/state/gc-services` and `/state/gc-broken-services`: what each service would be deleted for, and when. */
export async function collectionState(
  { store }: Deps,
  kind: 'services' | 'broken',
): Promise<Record<string, Json>> {
  const entries = await store.collections.entries(kind);
  return Object.fromEntries([...entries].map(([id, entry]) => [id, collectionView(entry)]));
}

export async function collectionStateOf(
  { store }: Deps,
  kind: 'services' | 'broken',
  id: ServiceId,
): Promise<Record<string, Json>> {
  const entry = await store.collections.entry(kind, id);
  return entry === null ? {} : collectionView(entry);
}

function collectionView({ state, modifiedAtMs, deadlineMs }: CollectionEntry): Record<string, Json> {
  return { state, 'last-modified-time': isoTime(modifiedAtMs), deadline: isoTime(deadlineMs) };
}

/** `/state/scheduler`: failed instances, and the kills that the scheduler refuses. */
export async function schedulerState({ store }: Deps): Promise<Record<string, Json>> {
  const [said, ids] = await Promise.all([store.leaderState.read('scheduler'), store.services.ids()]);
  const snapshots = await Promise.all(ids.map((id) => store.instances.get(id)));
  const failed = ids.flatMap((id, index): [string, Json][] => {
    const instances = snapshots[index]?.failed ?? [];
    return instances.length === 0 ? [] : [[id, instances.map(instanceView)]];
  });
  return {
    type: 'MarathonScheduler',
    ...(isMap(said) ? said : {}),
    'service-id->failed-instances': Object.fromEntries(failed),
    'supported-include-params': [],
  };
}
