import type { Clock, DescriptionSettings, Entitlement, TokenRecord } from '@waiter/core';
import type { TokenStore } from '@waiter/store';
import type { Request } from 'express';

export interface TokenRouterDependencies {
  readonly tokens: TokenStore;
  readonly settings: DescriptionSettings;
  readonly clock: Clock;
  readonly entitlement: Entitlement;
  /** The user who asks, without `@...`. @throws WaiterError 401 */
  readonly authenticate: (request: Request) => string | Promise<string>;
  /** Cluster of a token that is written under this Host (without port); default the configured name (spec: 5.6). */
  readonly clusterOf?: (host: string) => string;
  /** Loads what `^SERVICE-ID#<id>` names; without it these names are unknown. */
  readonly loadServiceEntry?: (name: string) => Promise<TokenRecord | null>;
  /** A watch in which nothing happens ends after this, unless its query says otherwise; default 20 s. */
  readonly streamingTimeoutMs?: number;
  /** Time between the empty lines that keep a watch's connection alive; default 5 s. */
  readonly watchHeartbeatMs?: number;
  /** True once this process ends: watchers are sent away. */
  readonly isDraining?: () => boolean;
}
