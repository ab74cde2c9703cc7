import { mkdirSync, readdirSync, rm, rmSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { containerIdOf } from './task';

/** Names this server's part of the tree that a Mesos agent keeps sandboxes in. */
export interface AgentIds {
  readonly id: string;
  readonly frameworkId: string;
}

/**
 * The sandbox directories, `<dataDir>/sandboxes/<task id>`: of running tasks, and of the last that ended. Each is also found
 * where a Mesos agent would have it, so that paths made of agent, framework and task id lead there (4A.7).
 */
export class Sandboxes {
  readonly root: string;
  private readonly executors: string;
  /** Oldest first. */
  private readonly endedIds: string[];
  private readonly linking = new Map<string, Promise<void>>();

  /**
   * @param dataDir what `work_dir` is to a Mesos agent
   * @param running ids of tasks that are still to be looked after
   */
  constructor(
    readonly dataDir: string,
    private readonly keep: number,
    agent: AgentIds,
    running: ReadonlySet<string>,
  ) {
    this.root = join(dataDir, 'sandboxes');
    this.executors = join(dataDir, 'slaves', agent.id, 'frameworks', agent.frameworkId, 'executors');
    mkdirSync(this.root, { recursive: true });
    this.endedIds = readdirSync(this.root).filter((taskId) => !running.has(taskId));
    this.prune();
  }

  pathOf(taskId: string): string {
    return join(this.root, taskId);
  }

  /** The sandbox in the path form of a Mesos agent. */
  agentPathOf(taskId: string): string {
    return join(this.executors, taskId, 'runs', containerIdOf(taskId));
  }

  /**
   * Makes the agent's path to it, beside everything else: no task needs it to run, and it takes as long as half a fork.
   * @throws Error of the file system
   */
  link(taskId: string): Promise<void> {
    const linked = this.makeLinks(taskId).finally(() => this.linking.delete(taskId));
    this.linking.set(taskId, linked);
    return linked;
  }

  private async makeLinks(taskId: string): Promise<void> {
    const run = this.agentPathOf(taskId);
    const runs = dirname(run);
    await mkdir(runs, { recursive: true });
    await symlink(relative(runs, this.pathOf(taskId)), run);
    await symlink(basename(run), join(runs, 'latest'));
  }

  /** Settles when the agent's path is there; undefined where it is not being made. */
  linked(taskId: string): Promise<void> | undefined {
    return this.linking.get(taskId);
  }

  /** Resolves when no path is being made. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.linking.values());
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
      const unlink = (): void => rmSync(join(this.executors, taskId), { recursive: true, force: true });
      const linking = this.linking.get(taskId);
      if (linking === undefined) unlink();
      else void linking.then(unlink, unlink);
      rm(this.pathOf(taskId), { recursive: true, force: true }, () => undefined);
    }
  }
}
