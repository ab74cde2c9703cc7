import { open, readFile, rename, rm } from 'node:fs/promises';
import { UsageError } from '../usage-error';
import { membersOf, onOneLine } from './json-text';
import type { TokenCopy } from './token-copy';

/**
 * A backup is JSON lines: a head that says what it is, then `{"token": name, "etag": text or null, "data": {...}}` for
 * each token, sorted by name. `data` is the text that the cluster sent.
 */
export type Backup = ReadonlyMap<string, TokenCopy>;

const FORMAT = 'waiter-tokens';

function lines(backup: Backup, origin: string, takenAt: Date): string[] {
  const head = { format: FORMAT, version: 1, cluster: origin, 'taken-at': takenAt.toISOString() };
  const sorted = [...backup].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    JSON.stringify(head),
    ...sorted.map(
      ([token, { etag, text }]) =>
        `{"token":${JSON.stringify(token)},"etag":${JSON.stringify(etag)},"data":${onOneLine(text)}}`,
    ),
  ];
}

/** Writes it whole or not at all. @param path `-` for standard output */
export async function writeBackup(
  path: string,
  backup: Backup,
  origin: string,
  takenAt: Date,
): Promise<void> {
  const text = `${lines(backup, origin, takenAt).join('\n')}\n`;
  if (path === '-') {
    process.stdout.write(text);
    return;
  }
  const partial = `${path}.${process.pid}.partial`;
  try {
    const file = await open(partial, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** @throws UsageError when it is no backup */
export async function readBackup(path: string): Promise<Backup> {
  const [head = '', ...rest] = (await readFile(path, 'utf8')).split('\n');
  if (!isHead(head)) throw new UsageError(`${path} is not a backup of tokens`);
  const backup = new Map<string, TokenCopy>();
  for (const [index, line] of rest.entries()) {
    if (line.trim() === '') continue;
    backup.set(...readLine(line, `${path}:${index + 2}`));
  }
  return backup;
}

function isHead(line: string): boolean {
  try {
    const head: unknown = JSON.parse(line);
    return typeof head === 'object' && head !== null && 'format' in head && head.format === FORMAT;
  } catch {
    return false;
  }
}

function readLine(line: string, place: string): [string, TokenCopy] {
  try {
    const { token, etag } = JSON.parse(line) as Record<string, unknown>;
    const text = membersOf(line).get('data');
    if (typeof token === 'string' && text?.startsWith('{')) {
      return [token, { text, etag: typeof etag === 'string' ? etag : null }];
    }
  } catch {
    // Said below.
  }
  throw new UsageError(`${place} is not a line of a backup; the file is damaged`);
}
