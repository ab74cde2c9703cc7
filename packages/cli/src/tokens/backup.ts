import { writeBackup, readBackup, type Backup } from './backup-file';
import type { Cluster } from './cluster';
import type { Report } from './report';
import type { TokenCopy } from './token-copy';

export interface BackupOptions {
  readonly cluster: Cluster;
  readonly file: string;
  readonly owners: readonly string[];
  /** Keep what the file has already and the cluster has no more. */
  readonly accrete: boolean;
  readonly concurrency: number;
  readonly dryRun: boolean;
  readonly now: Date;
}

/** All tokens of a cluster, soft-deleted ones and histories too, into a file. */
export async function backupTokens(options: BackupOptions, report: Report): Promise<void> {
  const { cluster, file, accrete, concurrency, dryRun } = options;
  const kept: Backup = accrete ? await readBackup(file).catch(ignoreMissing) : new Map();
  const rows = await cluster.list(options.owners);
  report.begin(rows.length, `tokens on ${cluster.url}`);
  const copies = new Map<string, TokenCopy>(kept);
  const seen = new Set<string>();
  await report.forEach(
    rows,
    concurrency,
    ({ token }) => token,
    async ({ token }) => {
      const copy = await cluster.read(token);
      // Hard-deleted since it was listed.
      if (copy === null) return;
      copies.set(token, copy);
      seen.add(token);
      report.add({ what: 'backed up', token, shown: false });
    },
  );
  for (const token of kept.keys()) if (!seen.has(token)) report.add({ what: 'kept', token, shown: false });
  if (report.failed) {
    report.say(`${file} was not written: a backup that lacks tokens must not replace one that has them`);
    return;
  }
  if (!dryRun) await writeBackup(file, copies, cluster.url, options.now);
}

function ignoreMissing(error: unknown): Backup {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Map();
  throw error;
}
