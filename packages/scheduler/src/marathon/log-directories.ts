import type { MarathonClient } from './client';
import { object, text, type JsonObject } from './json-reader';
import type { LogDirectory } from './instances';
import type { CompiledMarathonOptions } from './options';

/** It changes only when Marathon registers with Mesos anew. */
const LIFETIME_MS = 15 * 60_000;

/**
 * Where the logs of instances are on their agents (4A.7). Two parts are not in a task: Marathon's id in Mesos, and the work
 * directory of the agents. The latter is an option; mini-marathon, which is its own agent, tells it.
 */
export class LogDirectories {
  private learnt: string | null = null;
  private frameworkId: string | null = null;
  private readUntilMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly client: MarathonClient,
    private readonly options: Pick<CompiledMarathonOptions, 'agentDirectory' | 'discoverAgent' | 'clock'>,
  ) {}

  /** Never rejects: without its answer, log directories are unknown, nothing else. */
  async refresh(): Promise<void> {
    const { agentDirectory, clock, discoverAgent } = this.options;
    const nowMs = clock.monotonic();
    if ((agentDirectory === null && !discoverAgent) || nowMs < this.readUntilMs) return;
    // Set before the answer: calls at the same time do not all ask.
    this.readUntilMs = nowMs + LIFETIME_MS;
    try {
      const info = await this.read('/v2/info');
      if (agentDirectory === null) this.learnt = await this.workDirectory(info);
      this.frameworkId = text(info['frameworkId']);
    } catch {
      this.readUntilMs = Number.NEGATIVE_INFINITY;
    }
  }

  readonly of: LogDirectory = (taskId, agentId) => {
    const { frameworkId } = this;
    const agentDirectory = this.options.agentDirectory ?? this.learnt;
    if (agentDirectory === null || agentId === null || frameworkId === null) return null;
    return `${agentDirectory}/${agentId}/frameworks/${frameworkId}/executors/${taskId}/runs/latest`;
  };

  private async workDirectory(info: JsonObject): Promise<string | null> {
    if (info['buildref'] !== 'mini-marathon') return null;
    const directory = text(object((await this.read('/state'))['flags'])['work_dir']);
    return directory === null ? null : `${directory}/slaves`;
  }

  private async read(path: string): Promise<JsonObject> {
    return object((await this.client.call({ method: 'GET', path })).json);
  }
}
