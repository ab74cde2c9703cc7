import type { ServiceId } from '@waiter/core';
import { NO_LOAD } from '@waiter/store';
import type { ServiceLoad, ServiceRecord } from '@waiter/store';
import type { ApiDeps } from '../deps';
import type { ServiceFacts } from './service-view';

type Source = Pick<ApiDeps, 'store'>;

/** One service by id; null when it was never stored. */
export async function readService({ store }: Source, id: ServiceId): Promise<ServiceFacts | null> {
  const [record, load] = await Promise.all([store.services.get(id), store.load.demandOf(id)]);
  if (record === null) return null;
  const [facts] = await readFacts({ store }, [record], () => load);
  return facts ?? null;
}

/** Every service that runs or has been asked for, by id. */
export async function readServices({ store }: Source): Promise<readonly ServiceFacts[]> {
  const [ids, demand] = await Promise.all([store.services.ids(), store.load.demand()]);
  const records = await Promise.all([...ids].sort().map((id) => store.services.get(id)));
  const all = await readFacts(
    { store },
    records.filter((record) => record !== null),
    (id) => demand.get(id) ?? NO_LOAD,
  );
  // `/service-id` stores a service that nobody sent a request to: it is no live one.
  return all.filter(({ snapshot, load }) => snapshot !== null || load.total > 0);
}

async function readFacts(
  { store }: Source,
  records: readonly ServiceRecord[],
  loadOf: (id: ServiceId) => ServiceLoad,
): Promise<readonly ServiceFacts[]> {
  const names = [
    ...new Set(records.flatMap(({ sourceTokens }) => sourceTokens.flat()).map(({ token }) => token)),
  ];
  const [tokens, pauses] = await Promise.all([store.tokens.getMany(names), store.scalingPauses.all()]);
  const tokenVersions = new Map(names.map((name, index) => [name, tokens[index]?.hash ?? null]));
  return Promise.all(
    records.map(async (record) => {
      const [snapshot, scalingState] = await Promise.all([
        store.instances.get(record.id),
        readScalingState({ store }, record.id),
      ]);
      const scalingPause = pauses.services.get(record.id) ?? pauses.everywhere;
      return { record, snapshot, load: loadOf(record.id), scalingState, scalingPause, tokenVersions };
    }),
  );
}

/** The label of the latest evaluation (spec: scaling-and-schedulers 1.4); null before the first. */
async function readScalingState({ store }: Source, id: ServiceId): Promise<string | null> {
  const carried = await store.services.scaleState<{ readonly label?: string }>(id);
  return carried === null ? null : (carried.label ?? 'stable');
}
