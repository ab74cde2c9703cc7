import type { Cluster, TokenRow } from './cluster';
import { place } from './place';
import type { Report } from './report';
import { planSync, type SyncStep } from './sync-plan';
import { factsOf, type TokenCopy } from './token-copy';

export interface SyncOptions {
  /** In the order in which equally new copies win. */
  readonly clusters: readonly Cluster[];
  /** Do not remove tokens that are deleted on every cluster. */
  readonly keepDeleted: boolean;
  readonly concurrency: number;
  readonly dryRun: boolean;
}

/** Makes the tokens of several clusters equal. Nothing is done unless every cluster lists its tokens. */
export async function syncTokens(options: SyncOptions, report: Report): Promise<void> {
  const { clusters, concurrency } = options;
  const lists = await Promise.all(
    clusters.map(async (cluster) => new Map((await cluster.list()).map((row) => [row.token, row]))),
  );
  const names = [...new Set(lists.flatMap((list) => [...list.keys()]))].sort();
  report.begin(names.length, `tokens on ${clusters.length} clusters`);
  await report.forEach(
    names,
    concurrency,
    (token) => token,
    async (token) => {
      if (agree(lists.map((list) => list.get(token)))) {
        report.add({ what: 'in sync', token, shown: false });
        return;
      }
      const read = await Promise.all(clusters.map(async (one) => [one, await one.read(token)] as const));
      const steps = planSync(new Map(read));
      if (!steps.some(({ kind }) => kind !== 'opted-out')) {
        report.add({ what: 'in sync', token, shown: false });
      }
      // A cluster that refuses must not keep the others from their copy.
      for (const step of steps) {
        await carryOut(token, step, options, report).catch((error: unknown) => {
          const note = error instanceof Error ? error.message : String(error);
          report.add({ what: 'failed', token, note, failed: true });
        });
      }
    },
  );
}

/** Equal tags on every cluster: equal content (the tag covers all but the history), so that nothing need be read. */
function agree(rows: readonly (TokenRow | undefined)[]): boolean {
  const [first] = rows;
  return first !== undefined && first.etag !== null && rows.every((row) => row?.etag === first.etag);
}

async function carryOut(
  token: string,
  step: SyncStep<Cluster>,
  { dryRun, keepDeleted }: SyncOptions,
  report: Report,
): Promise<void> {
  switch (step.kind) {
    case 'write': {
      const { to: cluster, copy, present } = step;
      await place({ cluster, token, copy, present, dryRun, what: verb(copy, present) }, report);
      return;
    }
    case 'remove': {
      if (keepDeleted) {
        report.add({ what: 'kept', token, cluster: step.from.url, note: 'deleted everywhere', shown: false });
        return;
      }
      if (!dryRun) await step.from.removeDeleted(token);
      report.add({ what: 'removed', token, cluster: step.from.url, note: 'deleted everywhere' });
      return;
    }
    case 'opted-out':
      report.add({ what: 'left alone', token, cluster: step.at.url, note: 'opted out', shown: false });
      return;
    case 'conflict':
      report.add({ what: 'conflict', token, cluster: step.at.url, note: step.note, failed: true });
  }
}

function verb(copy: TokenCopy, present: TokenCopy | null): string {
  if (factsOf(copy).deleted) return 'deleted';
  return present === null || factsOf(present).deleted ? 'created' : 'updated';
}
