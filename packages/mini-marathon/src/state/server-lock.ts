import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processIdentity } from '../tasks/process-identity';

interface Owner {
  readonly pid: number;
  readonly startTime: string | undefined;
  /** `host:port` it can be reached at, once it listens. */
  readonly address?: string;
}

/** Another server runs on the data directory. */
export class DirectoryInUse extends Error {
  constructor(dataDir: string, pid: number) {
    super(`The data directory ${dataDir} is in use by the server with pid ${pid}`);
    this.name = 'DirectoryInUse';
  }
}

/** `<dataDir>/server.json`: which process has the data directory, and where it listens. Two servers must not share one. */
export class ServerLock {
  private constructor(private readonly dataDir: string) {}

  /** @throws DirectoryInUse while another server runs on the directory */
  static take(dataDir: string): ServerLock {
    mkdirSync(dataDir, { recursive: true });
    const owner = ownerOf(dataDir);
    if (owner !== undefined && owner.pid !== process.pid) throw new DirectoryInUse(dataDir, owner.pid);
    const lock = new ServerLock(dataDir);
    lock.write({});
    return lock;
  }

  /** `host:port` of the server that runs on the directory, as far as it is known. */
  static leaderOf(dataDir: string): string | undefined {
    return ownerOf(dataDir)?.address;
  }

  /** Says that this process would lead. @returns how to take it back */
  static standBy(dataDir: string): () => void {
    const path = join(candidatesIn(dataDir), `${process.pid}.json`);
    mkdirSync(candidatesIn(dataDir), { recursive: true });
    writeFileSync(path, JSON.stringify(ownIdentity()));
    return () => rmSync(path, { force: true });
  }

  /** Whether another process would lead. */
  static hasCandidates(dataDir: string): boolean {
    try {
      const paths = readdirSync(candidatesIn(dataDir)).map((name) => join(candidatesIn(dataDir), name));
      return paths.map(liveOwner).some((owner) => owner !== undefined && owner.pid !== process.pid);
    } catch {
      return false;
    }
  }

  /** Tells those who stand by where this server listens. */
  announce(address: string): void {
    this.write({ address });
  }

  /** Of several that take it in one moment, the last one has it. */
  isOurs(): boolean {
    return ownerOf(this.dataDir)?.pid === process.pid;
  }

  release(): void {
    if (this.isOurs()) rmSync(pathIn(this.dataDir), { force: true });
  }

  private write(more: Pick<Owner, 'address'>): void {
    const own: Owner = { ...ownIdentity(), ...more };
    const path = pathIn(this.dataDir);
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(own));
    renameSync(`${path}.${process.pid}`, path);
  }
}

const pathIn = (dataDir: string): string => join(dataDir, 'server.json');
const candidatesIn = (dataDir: string): string => join(dataDir, 'candidates');

const ownIdentity = (): Owner => ({
  pid: process.pid,
  startTime: processIdentity(process.pid)?.startTime,
});

const ownerOf = (dataDir: string): Owner | undefined => liveOwner(pathIn(dataDir));

/** The process that wrote the file, as long as it runs. */
function liveOwner(path: string): Owner | undefined {
  try {
    const owner = JSON.parse(readFileSync(path, 'utf8')) as Owner;
    const found = processIdentity(owner.pid);
    return found !== undefined && !found.zombie && found.startTime === owner.startTime ? owner : undefined;
  } catch {
    return undefined;
  }
}
