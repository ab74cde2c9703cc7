import {
  isRunAsRequester,
  type Json,
  own,
  requiresParameters,
  resolveService,
  TOKEN_DATA_KEYS,
  type TokenData,
  type TokenRecord,
  valueAt,
  type ValueFilter,
  valueFilter,
} from '@waiter/core';
import type { TokenIndexEntry } from '@waiter/store';
import type { TokenRouterDependencies } from './dependencies';
import { flagOf, includes, type Query } from './request';

/** One token of a list. */
export interface Row {
  readonly entry: TokenIndexEntry;
  /** Read only when something asks for it. */
  readonly token: TokenRecord | null;
}

const NO_DATA: TokenData = {};
const NOT_FILTERS = new Set(['deleted', 'maintenance', 'owner', 'previous']);

function valueFiltersOf(query: Query): readonly ValueFilter[] {
  return [...query].flatMap(([path, values]) => {
    const key = path.split('.')[0] ?? '';
    return TOKEN_DATA_KEYS.has(key) && !NOT_FILTERS.has(key) ? [{ path, values }] : [];
  });
}

/** `parameters=a&parameters=env.B`: the wanted values, nested as they are in the token. */
function pickPaths(data: TokenData, paths: readonly string[]): Json {
  const picked: Record<string, Json> = {};
  for (const path of paths) {
    const [first = '', ...rest] = path.split('.');
    const value = TOKEN_DATA_KEYS.has(first) ? valueAt(data, path) : undefined;
    if (value === undefined) continue;
    // A path into a map is one level deep in tokens: env and metadata hold strings.
    const below = own(picked, first);
    const inside = typeof below === 'object' && below !== null && !Array.isArray(below) ? below : {};
    picked[first] = rest.length === 0 ? value : { ...inside, [rest.join('.')]: value };
  }
  return picked;
}

const agrees = (query: Query, flag: string, value: boolean): boolean =>
  !query.has(flag) || value === flagOf(query, flag);

/** What the query of `GET /tokens` asks for: which tokens, and what of them (spec: services-and-tokens 4.2). */
export class Selection {
  readonly includeDeleted: boolean;
  /** Undefined: everybody's. */
  readonly owners: readonly string[] | undefined;
  /** Whether filters or view look at more than index entries. */
  readonly needsData: boolean;
  private readonly passesByValues: (data: TokenData) => boolean;
  private readonly manager: string | undefined;
  private readonly shows: Readonly<Record<'metadata' | 'cluster' | 'serviceId', boolean>>;
  private readonly paths: readonly string[] | undefined;

  /** @throws WaiterError 400 for a filter that cannot be used */
  constructor(
    private readonly deps: Pick<TokenRouterDependencies, 'settings' | 'entitlement'>,
    private readonly query: Query,
  ) {
    this.includeDeleted = includes(query, 'deleted');
    this.owners = query.get('owner');
    this.manager = query.get('can-manage-as-user')?.[0];
    this.paths = query.get('parameters');
    this.shows = {
      metadata: includes(query, 'metadata'),
      cluster: includes(query, 'cluster'),
      serviceId: includes(query, 'service-id'),
    };
    const filters = valueFiltersOf(query);
    // A star means itself (case 82).
    this.passesByValues = valueFilter(filters, false);
    this.needsData =
      filters.length > 0 ||
      this.shows.cluster ||
      this.shows.serviceId ||
      ['parameters', 'run-as-requester', 'requires-parameters'].some((name) => query.has(name));
  }

  /** Those whose entry passes; what needs the data is left to `passesByData`. */
  passesByEntry({ token, owner, deleted, maintenance }: TokenIndexEntry): boolean {
    return (
      (this.includeDeleted || !deleted) &&
      agrees(this.query, 'maintenance', maintenance) &&
      this.concerns(token, owner)
    );
  }

  /** Whether tokens of this owner are asked for. */
  concerns(token: string, owner: string): boolean {
    if (this.owners !== undefined && !this.owners.includes(owner)) return false;
    return this.manager === undefined || this.deps.entitlement.canManageToken(this.manager, token, owner);
  }

  /** Those whose data pass too. */
  passesByData({ token }: Row): boolean {
    const data = token?.data ?? NO_DATA;
    return (
      this.passesByValues(data) &&
      agrees(this.query, 'run-as-requester', isRunAsRequester(data)) &&
      agrees(this.query, 'requires-parameters', requiresParameters(data))
    );
  }

  /** One entry as clients see it. */
  view({ entry, token }: Row): Record<string, Json> {
    const { shows, paths } = this;
    const { deleted, lastUpdateTimeMs } = entry;
    const data = token?.data ?? NO_DATA;
    const view: Record<string, Json> = {};
    if (shows.metadata) {
      view['deleted'] = deleted;
      view['etag'] = entry.etag;
      view['last-update-time'] = lastUpdateTimeMs === null ? null : new Date(lastUpdateTimeMs).toISOString();
    }
    if (shows.cluster) view['cluster'] = own(data, 'cluster') ?? null;
    view['maintenance'] = entry.maintenance;
    view['owner'] = entry.owner;
    if (paths !== undefined) view['parameters'] = pickPaths(data, paths);
    view['reference-type->reference-name'] = {};
    if (shows.serviceId && !deleted) view['service-id'] = this.latestServiceId(token);
    view['token'] = entry.token;
    return view;
  }

  /** Id of the service that the token leads to now; null when that depends on who asks or with what. */
  private latestServiceId(token: TokenRecord | null): string | null {
    if (token === null || token.hash === null) return null;
    const user = own(token.data, 'run-as-user');
    if (typeof user !== 'string' || isRunAsRequester(token.data) || requiresParameters(token.data))
      return null;
    const headers = { 'x-waiter-token': token.name };
    try {
      const input = { headers, source: 'waiter-header', names: [token.name], tokens: [token], user } as const;
      return resolveService(input, this.deps.settings).serviceId;
    } catch {
      return null;
    }
  }
}
