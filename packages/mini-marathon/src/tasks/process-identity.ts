import { readdirSync, readFileSync } from 'node:fs';

/** A process as the kernel knows it; a pid alone is reused. Linux only: elsewhere nothing is found. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly groupId: number;
  readonly sessionId: number;
  /** Clock ticks since boot, as text. */
  readonly startTime: string;
  readonly zombie: boolean;
}

/** Reads `/proc/<pid>/stat`; undefined when there is no such process. */
export function processIdentity(pid: number): ProcessIdentity | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The second field is the command in parentheses and may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group, session] = fields;
  const startTime = fields[19];
  if (state === undefined || group === undefined || startTime === undefined) return undefined;
  return {
    pid,
    groupId: Number(group),
    sessionId: Number(session),
    startTime,
    zombie: state === 'Z' || state === 'X',
  };
}

/** Every process that is not a zombie. */
export function liveProcesses(): ProcessIdentity[] {
  let names: string[];
  try {
    names = readdirSync('/proc');
  } catch {
    return [];
  }
  return names
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processIdentity(Number(name)))
    .filter((found): found is ProcessIdentity => found !== undefined && !found.zombie);
}

/** The environment a process was started with; empty where it may not be read. */
export function initialEnvironment(pid: number): string[] {
  return readOrNothing(`/proc/${pid}/environ`)?.split('\0') ?? [];
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
