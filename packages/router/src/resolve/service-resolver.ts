import { LRUCache } from 'lru-cache';
import {
  asksConsent,
  attachDefaults,
  discoverTokens,
  earlierServices,
  own,
  resolveService,
  tokenMetadataInUse,
  tokenTemplate,
  type DescriptionSettings,
  type HeaderMap,
  type JsonMap,
  type ResolvedService,
  type TokenDiscovery,
  type TokenRecord,
} from '@waiter/core';
import { DerivedFromTokens } from './derived-from-tokens';
import type { TokenCache } from './token-cache';

/** The tokens of a request, loaded, and what they demand of every request that comes through them. */
export interface RequestTokens {
  /** Where they were named, and their names. */
  readonly key: string;
  readonly source: TokenDiscovery['source'];
  readonly names: readonly string[];
  readonly records: readonly (TokenRecord | null)[];
  /** Metadata with token defaults; `{}` when no token was named. */
  readonly metadata: JsonMap;
  /** Value of `authentication` with service defaults. */
  readonly authentication: string;
  /** The service runs as whoever asks, if he consented. */
  readonly asksConsent: boolean;
}

/** Waiter headers that say nothing about the service. */
const NOT_DESCRIBING: ReadonlySet<string> = new Set([
  'x-waiter-async-check-interval',
  'x-waiter-async-request-timeout',
  'x-waiter-debug',
  'x-waiter-fallback-period-secs',
  'x-waiter-queue-timeout',
  'x-waiter-single-user',
  'x-waiter-streaming-timeout',
  'x-waiter-timeout',
  'x-waiter-token',
]);

/**
 * From a request to its service, by core's rules. On the warm path (same tokens, same describing headers, same user)
 * it neither asks Redis nor hashes.
 */
export class ServiceResolver {
  private readonly views: LRUCache<string, RequestTokens>;
  private readonly resolved: DerivedFromTokens<ResolvedService>;
  /** What earlier versions of the tokens lead to. */
  private readonly earlierOnes: DerivedFromTokens<readonly ResolvedService[]>;

  constructor(
    private readonly tokens: TokenCache,
    private readonly settings: DescriptionSettings,
    maxEntries: number,
  ) {
    this.views = new LRUCache({ max: maxEntries });
    this.resolved = new DerivedFromTokens(maxEntries);
    this.earlierOnes = new DerivedFromTokens(maxEntries);
  }

  /**
   * The tokens that the request names. Synchronous where all are known.
   * @throws WaiterError 503 when they cannot be loaded, 400 when a profile of theirs is not configured
   */
  tokensOf(headers: HeaderMap): RequestTokens | Promise<RequestTokens> {
    const { source, names } = discoverTokens(headers, this.settings.hostnames);
    const known: (TokenRecord | null)[] = [];
    for (const name of names) {
      const record = this.tokens.known(name);
      if (record === undefined) return this.load(source, names);
      known.push(record);
    }
    return this.view(source, names, known);
  }

  private async load(source: TokenDiscovery['source'], names: readonly string[]): Promise<RequestTokens> {
    return this.view(source, names, await Promise.all(names.map((name) => this.tokens.get(name))));
  }

  private view(
    source: TokenDiscovery['source'],
    names: readonly string[],
    records: readonly (TokenRecord | null)[],
  ): RequestTokens {
    const key = `${source} ${names.join(',')}`;
    const cached = this.views.get(key);
    // The same objects: the cache of tokens replaces a record when it is written.
    if (cached !== undefined && records.every((record, i) => record === cached.records[i])) return cached;
    const present = records.filter((record) => record !== null);
    const template = tokenTemplate(present);
    const authentication = own(attachDefaults(template, this.settings), 'authentication');
    const view: RequestTokens = {
      key,
      source,
      names,
      records,
      metadata: names.length === 0 ? {} : tokenMetadataInUse(present, template, this.settings),
      authentication: typeof authentication === 'string' ? authentication : 'standard',
      asksConsent: asksConsent(source, records),
    };
    this.views.set(key, view);
    return view;
  }

  /**
   * @param consented the user agreed that the service runs as himself
   * @throws WaiterError 400 or 404 when the request makes no service
   */
  resolve(
    tokens: RequestTokens,
    headers: HeaderMap,
    user: string | null,
    consented = false,
  ): ResolvedService {
    const key = describingKey(tokens, headers, user, consented);
    return this.resolved.of(tokens, key, () =>
      resolveService(inputOf(tokens, headers, user, consented), this.settings),
    );
  }

  /** What the request would have led to by earlier versions of its tokens, newest first (spec: services-and-tokens 2.11). */
  earlier(
    tokens: RequestTokens,
    headers: HeaderMap,
    user: string | null,
    consented = false,
  ): readonly ResolvedService[] {
    const key = describingKey(tokens, headers, user, consented);
    return this.earlierOnes.of(tokens, key, () => [
      ...earlierServices(inputOf(tokens, headers, user, consented), this.settings),
    ]);
  }
}

type Input = Parameters<typeof resolveService>[0];

const inputOf = (
  { source, names, records }: RequestTokens,
  headers: HeaderMap,
  user: string | null,
  consented: boolean,
): Input => ({ headers, source, names, tokens: records, user, consented });

/** Tokens, user, and the headers that describe the service. A separator that no header value can contain. */
function describingKey(
  { key: tokens }: RequestTokens,
  headers: HeaderMap,
  user: string | null,
  consented: boolean,
): string {
  let key = `${tokens}\n${user ?? '\0'}`;
  if (consented) key += '\nconsented';
  for (const name in headers) {
    if (name.startsWith('x-waiter-') && !NOT_DESCRIBING.has(name)) key += `\n${name}\n${headers[name] ?? ''}`;
  }
  return key;
}
