import { portNames, type ReadinessCheck } from '../apps/definition';
import { checkReadiness } from '../health/readiness';
import type { Task } from './task';

/** A task that starts is asked often, so that a deployment ends when it is ready and not an interval later. */
const FIRST_PAUSE_MS = 50;
const PAUSE_FACTOR = 1.5;

/** Runs the readiness checks of tasks until each has passed once: a deployment waits for that (4B.5). */
export class TaskReadiness {
  private readonly running = new Map<Task, AbortController>();

  /** @param onChange is told when a task's readiness has changed */
  constructor(private readonly onChange: (task: Task) => void) {}

  watch(task: Task, host: string): void {
    const { readinessChecks: checks } = task.app;
    if (checks.length === 0) return;
    const abort = new AbortController();
    this.running.set(task, abort);
    task.readiness = checks.map(({ name }) => ({ name, ready: false }));
    checks.forEach((check, index) => void this.run(task, check, index, host, abort.signal));
  }

  stop(task: Task): void {
    this.running.get(task)?.abort();
    this.running.delete(task);
  }

  private async run(
    task: Task,
    check: ReadinessCheck,
    index: number,
    host: string,
    signal: AbortSignal,
  ): Promise<void> {
    const intervalMs = check.intervalSeconds * 1000;
    const port = portOf(task, check);
    for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs *= PAUSE_FACTOR) {
      const state = await checkReadiness(check, host, port, signal);
      if (signal.aborted) return;
      task.readiness = task.readiness.map((before, at) => (at === index ? state : before));
      if (state.ready) return this.onChange(task);
      await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, intervalMs)).unref());
    }
  }
}

function portOf({ app, ports }: Task, { portName }: ReadinessCheck): number | undefined {
  const index = portNames(app).indexOf(portName);
  return index < 0 ? undefined : ports[index];
}
