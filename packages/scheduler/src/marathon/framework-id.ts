import type { MarathonClient } from './client';
import { object, text } from './json-reader';
import type { LogDirectory } from './instances';
import type { CompiledMarathonOptions } from './options';

/** It changes only when Marathon registers with Mesos anew. */
const LIFETIME_MS = 15 * 60_000;

/** Marathon's id in Mesos, which is a part of every log directory (4A.7). */
export class FrameworkId {
  private value: string | null = null;
  private readUntilMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly client: MarathonClient,
    private readonly options: Pick<CompiledMarathonOptions, 'agentDirectory' | 'clock'>,
  ) {}

  /** Never rejects: without the id, log directories are unknown, nothing else. */
  async refresh(): Promise<void> {
    if (this.options.agentDirectory === null || this.options.clock.monotonic() < this.readUntilMs) return;
    this.readUntilMs = this.options.clock.monotonic() + LIFETIME_MS;
    try {
      const answer = await this.client.call({ method: 'GET', path: '/v2/info' });
      this.value = text(object(answer.json)['frameworkId']);
    } catch {
      this.readUntilMs = Number.NEGATIVE_INFINITY;
    }
  }

  readonly logDirectory: LogDirectory = (taskId, agentId) => {
    const { agentDirectory } = this.options;
    if (agentDirectory === null || agentId === null || this.value === null) return null;
    return `${agentDirectory}/${agentId}/frameworks/${this.value}/executors/${taskId}/runs/latest`;
  };
}
