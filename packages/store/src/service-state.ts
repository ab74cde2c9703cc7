import type { ServiceId, ServiceParameters } from '@waiter/core';
import type { Connection } from './connection';
import type { ChangeFeed } from './events';

/** What an operator said last of a service, by whom and when. */
interface Said {
  readonly by: string;
  /** Epoch milliseconds. */
  readonly atMs: number;
}

/** Suspended services answer 503 (spec: services-and-tokens 4.8.1); `suspended: false` after a resume. */
export interface SuspendedState extends Said {
  readonly suspended: boolean;
}

/** Parameters laid over the effective description without a new service id (4.8.2); `{}` once cleared. */
export interface OverridesState extends Said {
  readonly overrides: ServiceParameters;
}

/** Null where nobody ever said anything. */
export interface ServiceState {
  readonly suspended: SuspendedState | null;
  readonly overrides: OverridesState | null;
}

const FIELDS = ['suspended', 'overrides'] as const;

/** Reads what is kept beside the description, in the same hash. */
export function serviceStateOf(row: Readonly<Record<string, string | null | undefined>>): ServiceState {
  const { suspended, overrides } = row;
  return {
    suspended: typeof suspended === 'string' ? (JSON.parse(suspended) as SuspendedState) : null,
    overrides: typeof overrides === 'string' ? (JSON.parse(overrides) as OverridesState) : null,
  };
}

/** What operators say of services. It outlives their instances, as the description does; changes go out as `service` notices. */
export class ServiceStateStore {
  constructor(
    private readonly connection: Connection,
    private readonly changes: ChangeFeed,
  ) {}

  async get(id: ServiceId): Promise<ServiceState> {
    const values = await this.connection.redis.hmget(this.connection.keys.service(id), ...FIELDS);
    return serviceStateOf({ suspended: values[0], overrides: values[1] });
  }

  async setSuspended(id: ServiceId, state: SuspendedState): Promise<void> {
    await this.write(id, 'suspended', state);
  }

  /** Replaces what was overridden before. */
  async setOverrides(id: ServiceId, state: OverridesState): Promise<void> {
    await this.write(id, 'overrides', state);
  }

  /** Tells everybody to read the service anew. */
  async announce(id: ServiceId): Promise<void> {
    await this.changes.publish({ type: 'service', service: id });
  }

  private async write(id: ServiceId, field: (typeof FIELDS)[number], state: object): Promise<void> {
    await this.connection.redis.hset(this.connection.keys.service(id), field, JSON.stringify(state));
    await this.announce(id);
  }
}
