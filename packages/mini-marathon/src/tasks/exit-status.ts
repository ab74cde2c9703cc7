/** How a main process ended, in the words of the Mesos command executor (4B.4). */
const SIGNAL_TEXTS: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGABRT: 'Aborted',
  SIGBUS: 'Bus error',
  SIGFPE: 'Floating point exception',
  SIGHUP: 'Hangup',
  SIGILL: 'Illegal instruction',
  SIGINT: 'Interrupt',
  SIGKILL: 'Killed',
  SIGPIPE: 'Broken pipe',
  SIGQUIT: 'Quit',
  SIGSEGV: 'Segmentation fault',
  SIGTERM: 'Terminated',
  SIGTRAP: 'Trace/breakpoint trap',
  SIGUSR1: 'User defined signal 1',
  SIGUSR2: 'User defined signal 2',
};

/** Both null: nobody saw it. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export function exitMessage(exit: ExitStatus): string {
  if (exit.signal !== null) {
    return `Command terminated with signal ${SIGNAL_TEXTS[exit.signal] ?? exit.signal}`;
  }
  if (exit.code === null) return 'Command ended, nobody knows how: Marathon was restarted meanwhile';
  return `Command exited with status ${exit.code}`;
}
