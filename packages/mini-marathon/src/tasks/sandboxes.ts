import { mkdirSync, readdirSync, rm } from 'node:fs';
import { join } from 'node:path';

/** The sandbox directories, `<dataDir>/sandboxes/<task id>`: of running tasks, and of the last that ended. */
export class Sandboxes {
  readonly root: string;
  /** Oldest first. */
  private readonly endedIds: string[];

  constructor(
    dataDir: string,
    private readonly keep: number,
  ) {
    this.root = join(dataDir, 'sandboxes');
    mkdirSync(this.root, { recursive: true });
    this.endedIds = readdirSync(this.root);
    this.prune();
  }

  pathOf(taskId: string): string {
    return join(this.root, taskId);
  }

  /** Ids of ended tasks whose sandbox is still here. */
  endedTasks(): readonly string[] {
    return this.endedIds;
  }

  /** The task is over: its sandbox stays for its logs until enough newer ones have ended. */
  ended(taskId: string): void {
    this.endedIds.push(taskId);
    this.prune();
  }

  private prune(): void {
    for (const taskId of this.endedIds.splice(0, Math.max(0, this.endedIds.length - this.keep))) {
      rm(this.pathOf(taskId), { recursive: true, force: true }, () => undefined);
    }
  }
}
