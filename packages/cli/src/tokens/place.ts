import type { Cluster } from './cluster';
import type { Report } from './report';
import { sameValue } from './same-token';
import type { TokenCopy } from './token-copy';

export interface Placement {
  readonly cluster: Cluster;
  readonly token: string;
  readonly copy: TokenCopy;
  /** What is there now. */
  readonly present: TokenCopy | null;
  readonly what: string;
  readonly dryRun: boolean;
}

/** Writes a copy to a cluster and looks whether the cluster kept it as it is. */
export async function place(
  { cluster, token, copy, present, what, dryRun }: Placement,
  report: Report,
): Promise<void> {
  const outcome = { what, token, cluster: cluster.url };
  if (!dryRun) {
    await cluster.write(token, copy, present);
    const kept = await cluster.read(token);
    if (kept === null || !sameValue(kept.text, copy.text)) {
      // Otherwise every round would find and write it again in silence, e.g. where less history is kept.
      report.add({ ...outcome, note: 'the cluster keeps it in another form' });
      return;
    }
  }
  report.add(outcome);
}
