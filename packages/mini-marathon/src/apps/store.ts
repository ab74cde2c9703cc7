import type { Records } from '../state/records';
import { servicePortsOf, type AppDefinition } from './definition';

/** The most recent abnormal end of a task of an app (4B.4). */
export interface TaskFailure {
  readonly appId: string;
  readonly host: string;
  readonly message: string;
  readonly state: string;
  readonly taskId: string;
  readonly timestamp: string;
  readonly version: string;
  readonly slaveId: string;
}

/** What is kept of an app. */
export interface AppRecord {
  current: AppDefinition;
  /** Newest last. */
  readonly versions: AppDefinition[];
  lastTaskFailure: TaskFailure | undefined;
}

const MAX_VERSIONS = 25;
const SERVICE_PORTS = { min: 10_000, max: 20_000 };

/** Definitions of the apps that exist, with their earlier versions and their last failure. They outlive the server. */
export class AppStore {
  private readonly entries: Map<string, AppRecord>;
  private nextServicePort = SERVICE_PORTS.min;

  constructor(private readonly records: Records<AppRecord>) {
    const kept = records.read().sort((a, b) => (firstVersion(a) < firstVersion(b) ? -1 : 1));
    this.entries = new Map(kept.map((record) => [record.current.id, record]));
  }

  get(id: string): AppDefinition | undefined {
    return this.entries.get(id)?.current;
  }

  list(): AppDefinition[] {
    return [...this.entries.values()].map((entry) => entry.current);
  }

  put(app: AppDefinition): void {
    const entry = this.entries.get(app.id);
    this.keep(app.id);
    if (entry === undefined) {
      this.entries.set(app.id, { current: app, versions: [app], lastTaskFailure: undefined });
      return;
    }
    if (entry.current.version !== app.version) entry.versions.push(app);
    if (entry.versions.length > MAX_VERSIONS) entry.versions.shift();
    entry.current = app;
  }

  /** Forgets the app, its versions and its last failure. */
  remove(id: string): void {
    this.entries.delete(id);
    this.keep(id);
  }

  /** Versions, newest first. */
  versions(id: string): AppDefinition[] {
    return [...(this.entries.get(id)?.versions ?? [])].reverse();
  }

  recordFailure(failure: TaskFailure): void {
    const entry = this.entries.get(failure.appId);
    if (entry === undefined) return;
    entry.lastTaskFailure = failure;
    this.keep(failure.appId);
  }

  lastTaskFailure(id: string): TaskFailure | undefined {
    return this.entries.get(id)?.lastTaskFailure;
  }

  private keep(id: string): void {
    this.records.put(id, () => this.entries.get(id));
  }

  /** A service port that no app uses. */
  allocateServicePort(): number {
    const used = new Set(this.list().flatMap(servicePortsOf));
    const size = SERVICE_PORTS.max - SERVICE_PORTS.min;
    for (let tries = 0; tries < size; tries++) {
      const port = this.nextServicePort;
      this.nextServicePort = port + 1 < SERVICE_PORTS.max ? port + 1 : SERVICE_PORTS.min;
      if (!used.has(port)) return port;
    }
    throw new Error('No service port is free between 10000 and 20000');
  }
}

/** Versions are timestamps: by the oldest known one, apps are about in the order in which they were made. */
const firstVersion = ({ current, versions }: AppRecord): string => (versions[0] ?? current).version;
