import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from '../logger';

const LONGEST_NAME = 200;

/**
 * A directory of JSON files, one per id: what outlives this process, even when it is killed. Files are written at the end of
 * the turn of the event loop in which something changed, and before anybody is answered (`flush`).
 */
export class Records<T> {
  private readonly pending = new Map<string, (() => T | undefined) | null>();
  private scheduled = false;

  constructor(
    private readonly directory: string,
    private readonly logger: Logger,
  ) {
    mkdirSync(directory, { recursive: true });
  }

  /** Everything that was kept. A file that a crash left unreadable is dropped. */
  read(): T[] {
    return readdirSync(this.directory)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .flatMap((name) => {
        const path = join(this.directory, name);
        try {
          return [JSON.parse(readFileSync(path, 'utf8')) as T];
        } catch {
          rmSync(path, { force: true });
          return [];
        }
      });
  }

  /** @param value is called when the file is written; undefined: there is nothing to keep */
  put(id: string, value: () => T | undefined): void {
    this.pending.set(id, value);
    this.schedule();
  }

  delete(id: string): void {
    this.pending.set(id, null);
    this.schedule();
  }

  /** Writes what is outstanding now. What cannot be written (a full disk) is tried again with the next change. */
  flush(): void {
    for (const [id, value] of this.pending) {
      try {
        this.write(this.pathOf(id), value?.());
        this.pending.delete(id);
      } catch (error) {
        this.logger.error('state could not be written', { id, error: (error as Error).message });
      }
    }
  }

  /** Nothing is to outlive this process. */
  clear(): void {
    this.pending.clear();
    rmSync(this.directory, { recursive: true, force: true });
    mkdirSync(this.directory, { recursive: true });
  }

  private write(path: string, kept: T | undefined): void {
    if (kept === undefined) return rmSync(path, { force: true });
    // A crash while writing leaves the old contents.
    writeFileSync(`${path}.new`, JSON.stringify(kept));
    renameSync(`${path}.new`, path);
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.flush();
    });
  }

  private pathOf(id: string): string {
    const name = encodeURIComponent(id);
    const short =
      name.length <= LONGEST_NAME ? name : createHash('sha256').update(id).digest('hex').slice(0, 40);
    return join(this.directory, `${short}.json`);
  }
}
