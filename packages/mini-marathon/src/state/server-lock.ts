import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processIdentity } from '../tasks/process-identity';

interface Owner {
  readonly pid: number;
  readonly startTime: string | undefined;
}

/** `<dataDir>/server.json`: which process has the data directory. Two servers must not share one. */
export class ServerLock {
  private constructor(private readonly path: string) {}

  /** @throws Error while another server runs on the directory */
  static take(dataDir: string): ServerLock {
    mkdirSync(dataDir, { recursive: true });
    const path = join(dataDir, 'server.json');
    const owner = read(path);
    if (owner !== undefined && owner.pid !== process.pid && isAlive(owner)) {
      throw new Error(`The data directory ${dataDir} is in use by the server with pid ${owner.pid}`);
    }
    const own: Owner = { pid: process.pid, startTime: processIdentity(process.pid)?.startTime };
    writeFileSync(`${path}.new`, JSON.stringify(own));
    renameSync(`${path}.new`, path);
    return new ServerLock(path);
  }

  release(): void {
    rmSync(this.path, { force: true });
  }
}

function read(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  const found = processIdentity(owner.pid);
  return found !== undefined && !found.zombie && found.startTime === owner.startTime;
}
