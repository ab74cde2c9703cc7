import type { Command } from 'commander';
import { collect, headersFrom } from '../given-headers';
import { UsageError } from '../usage-error';
import { backupTokens } from './backup';
import { cleanUpTokens, timeBefore } from './cleanup';
import { Cluster } from './cluster';
import { Report } from './report';
import { restoreTokens } from './restore';
import { sanitizeTokens } from './sanitize';
import { syncTokens } from './sync';

/** What commander hands over. */
interface Common {
  readonly header: readonly string[];
  readonly concurrency: string;
  readonly retries: string;
  readonly timeout: string;
  readonly dryRun?: boolean;
}

type Options<More> = Common & More;

/** Where the commands speak and end; a test listens. */
export interface TokenCommandOutput {
  readonly write: (line: string) => void;
  readonly exit: (code: number) => void;
}

const TERMINAL: TokenCommandOutput = {
  // Standard output is for the backup itself.
  write: (line) => process.stderr.write(`${line}\n`),
  exit: (code) => (process.exitCode = code),
};

/** Adds `backup`, `restore`, `sync`, `cleanup` and `sanitize` (docs/token-tools.md). */
export function addTokenCommands(tokens: Command, output: TokenCommandOutput = TERMINAL): void {
  const run = runner(output);
  const add = (usage: string, description: string): Command =>
    tokens
      .command(usage)
      .description(description)
      .option('--header <name: value>', 'sent with every request; `@FILE` reads lines of them', collect, [])
      .option('--concurrency <number>', 'tokens worked on at a time', '8')
      .option('--retries <number>', 'attempts after the first, when a cluster does not answer', '4')
      .option('--timeout <seconds>', 'for one request', '30')
      .option('--dry-run', 'say what would be done, and change nothing');

  add('backup <url> <file>', 'write all tokens of a cluster to a file (- for standard output)')
    .option('--owner <user>', 'only their tokens; may be repeated', collect, [])
    .option('--accrete', 'keep tokens that are in the file but not on the cluster any more')
    .action((url: string, file: string, options: Options<{ owner: string[]; accrete?: boolean }>) =>
      run(options, (shared, report) =>
        backupTokens(
          {
            ...shared,
            cluster: clusterAt(url, options),
            file,
            owners: options.owner,
            accrete: options.accrete === true,
            now: new Date(),
          },
          report,
        ),
      ),
    );

  add('restore <url> <file>', 'put the tokens of a backup back')
    .option('--force', 'also replace live tokens that differ from the backup')
    .action((url: string, file: string, options: Options<{ force?: boolean }>) =>
      run(options, (shared, report) =>
        restoreTokens(
          { ...shared, cluster: clusterAt(url, options), file, force: options.force === true },
          report,
        ),
      ),
    );

  add('sync <urls...>', 'make the tokens of clusters equal: the newest copy of each goes everywhere')
    .option('--keep-deleted', 'do not remove tokens that are deleted on every cluster')
    .action((urls: string[], options: Options<{ keepDeleted?: boolean }>) =>
      run(options, (shared, report) => {
        if (new Set(urls).size < 2) throw new UsageError('sync needs the URLs of two clusters or more');
        const clusters = [...new Set(urls)].map((url) => clusterAt(url, options));
        return syncTokens({ ...shared, clusters, keepDeleted: options.keepDeleted === true }, report);
      }),
    );

  add('cleanup <urls...>', 'remove for good what was deleted long ago')
    .requiredOption('--before <date or age>', 'deleted before: 2026-11-01, 30d, 12h')
    .action((urls: string[], options: Options<{ before: string }>) =>
      run(options, (shared, report) => {
        const clusters = urls.map((url) => clusterAt(url, options));
        return cleanUpTokens(
          { ...shared, clusters, beforeMs: timeBefore(options.before, Date.now()) },
          report,
        );
      }),
    );

  add('sanitize <url>', 'post tokens back as they stand, so that the rules of today apply to them')
    .option('--match <regex>', 'only tokens whose whole name matches', '.*')
    .option('--limit <number>', 'look at no more than this many')
    .action((url: string, options: Options<{ match: string; limit?: string }>) =>
      run(options, (shared, report) =>
        sanitizeTokens(
          {
            ...shared,
            cluster: clusterAt(url, options),
            match: wholeName(options.match),
            limit: options.limit === undefined ? Infinity : count('limit', options.limit),
          },
          report,
        ),
      ),
    );
}

type Shared = Readonly<{ concurrency: number; dryRun: boolean }>;

type Work = (shared: Shared, report: Report) => Promise<void>;

const runner =
  ({ write, exit }: TokenCommandOutput) =>
  async (options: Common, work: Work): Promise<void> => {
    const shared = {
      concurrency: count('concurrency', options.concurrency),
      dryRun: options.dryRun === true,
    };
    const report = new Report({ dryRun: shared.dryRun, write });
    try {
      await work(shared, report);
    } catch (error) {
      // What cannot be done at all, such as a cluster that does not list its tokens, wants a sentence and no stack.
      throw error instanceof Error ? new UsageError(error.message, { cause: error }) : error;
    }
    exit(report.finish());
  };

function clusterAt(url: string, options: Common): Cluster {
  if (!/^https?:\/\/[^/]/.test(url))
    throw new UsageError(`"${url}" is not the URL of a cluster (http://host:port)`);
  return new Cluster({
    url,
    headers: headersFrom(options.header),
    retries: count('retries', options.retries, 0),
    timeoutMs: count('timeout', options.timeout) * 1000,
  });
}

function count(name: string, text: string, least = 1): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < least)
    throw new UsageError(`--${name} must be an integer of at least ${least}`);
  return value;
}

function wholeName(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text})$`);
  } catch {
    throw new UsageError(`--match "${text}" is not a regular expression`);
  }
}
