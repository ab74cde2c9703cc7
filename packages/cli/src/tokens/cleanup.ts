import { parseDuration } from '@waiter/core';
import { UsageError } from '../usage-error';
import type { Cluster, TokenRow } from './cluster';
import type { Report } from './report';

export interface CleanupOptions {
  readonly clusters: readonly Cluster[];
  /** Epoch ms: tokens deleted before this go. */
  readonly beforeMs: number;
  readonly concurrency: number;
  readonly dryRun: boolean;
}

interface Deleted {
  readonly cluster: Cluster;
  readonly row: TokenRow;
}

/**
 * Removes for good what was soft-deleted long ago. A token that lives on one of the named clusters is kept on all of
 * them: without the record of its deletion, a later sync would bring it back.
 */
export async function cleanUpTokens(options: CleanupOptions, report: Report): Promise<void> {
  const { clusters, beforeMs, concurrency, dryRun } = options;
  const lists = await Promise.all(
    clusters.map(async (cluster) => (await cluster.list()).map((row): Deleted => ({ cluster, row }))),
  );
  const all = lists.flat();
  const alive = new Set(all.filter(({ row }) => !row.deleted).map(({ row }) => row.token));
  const old = all.filter(({ row }) => row.deleted && row.updatedAtMs < beforeMs);
  report.begin(old.length, `tokens deleted before ${new Date(beforeMs).toISOString()}`);
  await report.forEach(
    old,
    concurrency,
    ({ row }) => row.token,
    async ({ cluster, row: { token } }) => {
      if (alive.has(token)) {
        report.add({ what: 'kept', token, cluster: cluster.url, note: 'it lives on another cluster' });
        return;
      }
      if (!dryRun) await cluster.removeDeleted(token);
      report.add({ what: 'removed', token, cluster: cluster.url });
    },
  );
}

/** A date (`2026-11-01`, with time or without, UTC unless it says otherwise) or an age (`30d`). @throws UsageError */
export function timeBefore(text: string, nowMs: number): number {
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text);
    const time = Date.parse(text.includes('T') && !hasZone ? `${text}Z` : text);
    if (!Number.isNaN(time)) return time;
  }
  try {
    return nowMs - parseDuration(text);
  } catch {
    throw new UsageError(`"${text}" is neither a date (2026-11-01) nor an age (30d, 12h)`);
  }
}
