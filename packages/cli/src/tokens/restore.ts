import { readBackup } from './backup-file';
import { place } from './place';
import type { Cluster } from './cluster';
import type { Report } from './report';
import { sameValue } from './same-token';
import { factsOf } from './token-copy';

export interface RestoreOptions {
  readonly cluster: Cluster;
  readonly file: string;
  /** Also replace live tokens that are different. */
  readonly force: boolean;
  readonly concurrency: number;
  readonly dryRun: boolean;
}

/**
 * Puts the tokens of a backup back. What is missing or was deleted comes back; a live token that is different is left
 * alone unless forced, because somebody may have changed it on purpose.
 */
export async function restoreTokens(options: RestoreOptions, report: Report): Promise<void> {
  const { cluster, force, concurrency, dryRun } = options;
  const backup = await readBackup(options.file);
  report.begin(backup.size, 'tokens in the backup');
  await report.forEach(
    [...backup],
    concurrency,
    ([token]) => token,
    async ([token, copy]) => {
      const present = await cluster.read(token);
      if (present !== null && sameValue(present.text, copy.text)) {
        report.add({ what: 'unchanged', token, shown: false });
        return;
      }
      const free = present === null || (factsOf(present).deleted && !factsOf(copy).deleted);
      if (!free && !force) {
        report.add({ what: 'left alone', token, note: 'it is different; --force replaces it' });
        return;
      }
      await place(
        { cluster, token, copy, present, dryRun, what: present === null ? 'restored' : 'replaced' },
        report,
      );
    },
  );
}
