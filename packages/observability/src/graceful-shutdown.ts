import type { Logger } from './logger';

export interface ShutdownStep {
  readonly name: string;
  run(): unknown;
}

export interface GracefulShutdownOptions {
  readonly logger: Logger;
  /** For all steps together; after it the process exits with 1. */
  readonly timeoutMs: number;
  /** Run one after the other. A step that fails is logged and does not stop the next ones. */
  readonly steps: readonly ShutdownStep[];
  /**
   * A repeated signal within this time of the first is the same press of Ctrl-C, delivered by the terminal and by a
   * parent such as npm. Default 300 ms.
   */
  readonly repeatMs?: number;
  /** Where signals come from and exits go to; default the process. */
  readonly host?: ShutdownHost;
}

/** The part of `process` that is used here. */
export interface ShutdownHost {
  readonly connected?: boolean;
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
  exit(code: number): void;
}

export interface Shutdown {
  /** Starts the steps, or joins them when they run already. Settles before the exit. */
  begin(reason: string): Promise<void>;
  /** Stops listening for signals. */
  dispose(): void;
}

const SIGNALS = { SIGTERM: 15, SIGINT: 2 } as const;
type Signal = keyof typeof SIGNALS;

/**
 * Ends the process in order on SIGTERM or SIGINT, and when the parent that forked it with an IPC channel dies (roles
 * of `waiter up`: nobody else would stop them). Exit code 0 after the steps, 1 when they failed or took too long.
 * The same signal again exits at once with 128 + its number; a different one does not, because Ctrl-C in a
 * terminal reaches a child twice: as SIGINT by the terminal and as SIGTERM by its parent.
 */
export function gracefulShutdown(options: GracefulShutdownOptions): Shutdown {
  const { logger, timeoutMs, steps, repeatMs = 300, host = process } = options;
  const firstSeen = new Map<Signal, number>();
  let running: Promise<void> | undefined;

  const begin = (reason: string): Promise<void> => {
    running ??= runSteps(reason);
    return running;
  };

  const runSteps = async (reason: string): Promise<void> => {
    logger.info('shutting down', { reason });
    const failures: string[] = [];
    let timer: NodeJS.Timeout | undefined;
    let current = '';
    const work = (async (): Promise<'done'> => {
      for (const step of steps) {
        current = step.name;
        try {
          await step.run();
        } catch (error) {
          failures.push(step.name);
          logger.error('shutdown step failed', { step: step.name, error });
        }
      }
      return 'done';
    })();
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), timeoutMs);
    });
    const outcome = await Promise.race([work, late]);
    clearTimeout(timer);
    if (outcome === 'late') logger.error('shutdown took too long', { step: current, timeoutMs });
    else logger.info('shut down', { reason });
    host.exit(outcome === 'late' || failures.length > 0 ? 1 : 0);
  };

  const onSignal = (signal: Signal) => (): void => {
    const now = performance.now();
    const first = firstSeen.get(signal);
    if (first === undefined) firstSeen.set(signal, now);
    else if (now - first >= repeatMs) host.exit(128 + SIGNALS[signal]);
    void begin(signal);
  };
  const onDisconnect = (): void => void begin('parent is gone');

  const listeners: [string, () => void][] = [
    ['SIGTERM', onSignal('SIGTERM')],
    ['SIGINT', onSignal('SIGINT')],
    ...(host.connected === true ? [['disconnect', onDisconnect] as [string, () => void]] : []),
  ];
  for (const [event, listener] of listeners) host.on(event, listener);
  return {
    begin,
    dispose: () => {
      for (const [event, listener] of listeners) host.off(event, listener);
    },
  };
}
