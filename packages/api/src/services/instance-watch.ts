import type { Json, ServiceId } from '@waiter/core';
import type { ChangeNotice, ServiceRecord } from '@waiter/store';
import type { ApiDeps } from '../deps';
import { uniqueId } from '../http/context';
import { instanceView } from './service-view';

type Store = Pick<ApiDeps['store'], 'services' | 'instances' | 'changes'>;
type View = Record<string, Json>;

/** Passes notices of changed services on to those who watch; listens to Redis from the first of them on. */
export class ServiceNotices {
  private readonly listeners = new Set<(id: ServiceId | null) => void>();
  private listening: Promise<unknown> | undefined;

  constructor(private readonly store: Pick<Store, 'changes'>) {}

  get count(): number {
    return this.listeners.size;
  }

  /** @param listener told the service that changed; null: any may have. @returns stops listening */
  async subscribe(listener: (id: ServiceId | null) => void): Promise<() => void> {
    this.listeners.add(listener);
    this.listening ??= this.store.changes.subscribe(
      (notice: ChangeNotice) => notice.type !== 'token' && this.tell(notice.service),
      () => this.tell(null),
    );
    await this.listening;
    return () => this.listeners.delete(listener);
  }

  private tell(id: ServiceId | null): void {
    for (const listener of this.listeners) listener(id);
  }
}

/** One object of the stream (spec: services-and-tokens 4.9). */
export interface InstanceEvent {
  readonly id: string;
  readonly type: 'initial' | 'events';
  readonly object: {
    readonly 'healthy-instances'?: { readonly updated?: readonly View[]; readonly removed?: readonly View[] };
  };
}

/** Compares the healthy instances of the services that pass with what was told of them before. */
export class InstanceWatch {
  /** Of each service what was told last, by instance. */
  private readonly told = new Map<ServiceId, ReadonlyMap<string, string>>();

  constructor(
    private readonly store: Store,
    private readonly passes: (record: ServiceRecord) => boolean,
  ) {}

  async initial(): Promise<InstanceEvent> {
    const changes = await Promise.all((await this.store.services.ids()).map((id) => this.changesOf(id)));
    return event('initial', changes);
  }

  /** @returns null when nothing changed that concerns the watcher */
  async changed(ids: Iterable<ServiceId> | null): Promise<InstanceEvent | null> {
    const all = ids ?? [...(await this.store.services.ids()), ...this.told.keys()];
    const changes = await Promise.all([...new Set(all)].map((id) => this.changesOf(id)));
    const found = event('events', changes);
    return found.object['healthy-instances'] === undefined ? null : found;
  }

  private async changesOf(id: ServiceId): Promise<Changes> {
    const before = this.told.get(id) ?? new Map<string, string>();
    const now = await this.healthy(id);
    if (now.size === 0) this.told.delete(id);
    else this.told.set(id, now);
    const parse = (text: string): View => JSON.parse(text) as View;
    return {
      updated: [...now].filter(([key, text]) => before.get(key) !== text).map(([, text]) => parse(text)),
      removed: [...before].filter(([key]) => !now.has(key)).map(([, text]) => parse(text)),
    };
  }

  private async healthy(id: ServiceId): Promise<ReadonlyMap<string, string>> {
    const [record, snapshot] = await Promise.all([this.store.services.get(id), this.store.instances.get(id)]);
    if (record === null || snapshot === null || !this.passes(record)) return new Map();
    const healthy = snapshot.instances.filter((instance) => instance.healthy && !instance.draining);
    return new Map(healthy.map((instance) => [instance.id, JSON.stringify(instanceView(instance))]));
  }
}

interface Changes {
  readonly updated: readonly View[];
  readonly removed: readonly View[];
}

/** Empty lists are left out. */
function event(type: InstanceEvent['type'], changes: readonly Changes[]): InstanceEvent {
  const updated = changes.flatMap((change) => change.updated);
  const removed = changes.flatMap((change) => change.removed);
  const lists = { ...(updated.length > 0 ? { updated } : {}), ...(removed.length > 0 ? { removed } : {}) };
  return {
    id: uniqueId(),
    object: Object.keys(lists).length === 0 ? {} : { 'healthy-instances': lists },
    type,
  };
}
