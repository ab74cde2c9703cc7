import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AppDefinition } from './apps/definition';
import type { TaskFailure } from './apps/store';
import type { MiniMarathonOptions } from './options';
import type { MiniMarathon } from './server';
import { startMiniMarathon } from './server';
import { initialEnvironment, liveProcesses } from './tasks/process-identity';

/** What the integration tests of this package share: a server on a free port, and a client that reads its JSON. */
export interface ShownTask {
  id: string;
  appId: string;
  host: string;
  ports: number[];
  state: string;
  startedAt?: string;
  version: string;
  healthCheckResults?: { alive: boolean; consecutiveFailures: number; instanceId: string }[];
}

export interface ShownApp extends AppDefinition {
  tasks: ShownTask[];
  tasksRunning: number;
  tasksHealthy: number;
  deployments: { id: string }[];
  lastTaskFailure?: TaskFailure;
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

export class TestServer {
  /** Only of a server in another process. */
  kill?: () => Promise<void>;

  private constructor(
    public url: string,
    readonly dataDir: string,
    private own: MiniMarathon | undefined,
  ) {}

  static async start(options: Partial<MiniMarathonOptions> = {}): Promise<TestServer> {
    const dataDir = mkdtempSync(join(tmpdir(), 'mini-marathon-'));
    return TestServer.on(await startMiniMarathon({ port: 0, dataDir, ...options }), dataDir);
  }

  static on(server: MiniMarathon, dataDir: string): TestServer {
    return new TestServer(server.url, dataDir, server);
  }

  /** A client of a server that is somebody else's. */
  static at(url: string, dataDir: string): TestServer {
    return new TestServer(url, dataDir, undefined);
  }

  get server(): MiniMarathon {
    if (this.own === undefined) throw new Error('the server is in another process');
    return this.own;
  }

  /** Closes it. @returns the processes that are left, which must be none */
  async stop({ keepData = false } = {}): Promise<number[]> {
    await this.server.close();
    const left = processesOf(this.dataDir);
    if (!keepData) rmSync(this.dataDir, { recursive: true, force: true });
    return left;
  }

  /** Another server goes on with what this one leaves (which is nothing without `keepTasks`). */
  async restart(): Promise<void> {
    await this.server.close();
    this.own = await startMiniMarathon({ port: 0, dataDir: this.dataDir });
    this.url = this.own.url;
  }

  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer<T>> {
    const init = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(this.url + path, { method, headers: { ...type, ...headers }, ...init });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: (json && text !== '' ? JSON.parse(text) : text) as T,
    };
  }

  async app(id: string): Promise<ShownApp> {
    return (await this.call<{ app: ShownApp }>('GET', `/v2/apps/${id}`)).body.app;
  }

  /** The app once the condition holds for it. */
  appWhen(id: string, condition: (app: ShownApp) => boolean): Promise<ShownApp> {
    return until(async () => {
      const app = await this.app(id);
      return condition(app) ? app : undefined;
    });
  }

  /** The app once no deployment holds it. */
  settled(id: string): Promise<ShownApp> {
    return this.appWhen(id, (app) => app.deployments.length === 0);
  }
}

/** Polls until there is a value. @throws Error after the deadline */
export async function until<T>(
  poll: () => Promise<T | undefined> | T | undefined,
  deadlineMs = 15_000,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const value = await poll();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`Nothing within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Processes whose sandbox lies in the data directory, whoever their parent is. */
export function processesOf(dataDir: string): number[] {
  const mark = `MESOS_SANDBOX=${dataDir}/`;
  return liveProcesses()
    .map(({ pid }) => pid)
    .filter((pid) => initialEnvironment(pid).some((variable) => variable.startsWith(mark)));
}

/** A web server of one line: answers 200, or what the file `status` in its sandbox says. */
export const WEB_SERVER = `exec node -e '
const fs = require("fs");
const answer = () => { try { return Number(fs.readFileSync("status", "utf8")); } catch { return 200; } };
require("http").createServer((q, s) => { s.statusCode = answer(); s.end(process.env.MESOS_TASK_ID); }).listen(process.env.PORT0);
'`;

export const FAST_CHECK = {
  protocol: 'HTTP',
  path: '/',
  portIndex: 0,
  intervalSeconds: 1,
  gracePeriodSeconds: 20,
};
