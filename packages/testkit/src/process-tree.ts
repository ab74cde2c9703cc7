import { readFileSync, readdirSync } from 'node:fs';

/** A process as /proc shows it; `cmdline` has its arguments separated by spaces. */
export interface ProcessEntry {
  readonly pid: number;
  readonly cmdline: string;
}

/** The living processes below `pid` (children, their children, ...), without `pid` itself and without zombies. Linux only. */
export function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const { pid: child, parent, state } of pids().flatMap(stat)) {
    if (state !== 'Z') children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const found: number[] = [];
  const left = [pid];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const below = children.get(next) ?? [];
    found.push(...below);
    left.push(...below);
  }
  return found;
}

/** @throws Error that lists every living process below `pid` with its command line */
export function assertNoDescendants(pid: number): void {
  const left = descendants(pid);
  if (left.length === 0) return;
  const lines = left.map((child) => `  ${child}  ${read(child, 'cmdline')}`);
  throw new Error(`process ${pid} still has ${left.length} descendants:\n${lines.join('\n')}`);
}

/**
 * Every living process whose command line or environment contains `needle`, this one excluded. Finds orphans too, so
 * give what is started a mark of its own (a temporary directory, a variable) and look for that mark.
 */
export function processesWith(needle: string): ProcessEntry[] {
  return pids()
    .filter((pid) => pid !== process.pid)
    .map((pid) => ({ pid, cmdline: read(pid, 'cmdline'), environ: read(pid, 'environ') }))
    .filter(({ cmdline, environ }) => cmdline.includes(needle) || environ.includes(needle))
    .map(({ pid, cmdline }) => ({ pid, cmdline }));
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A process may end while it is being looked at: then it has nothing to show. */
function read(pid: number, file: 'cmdline' | 'environ' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

function stat(pid: number): { pid: number; parent: number; state: string }[] {
  const text = read(pid, 'stat');
  // The second field is the name in parentheses and may itself contain spaces and parentheses.
  const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return state === undefined || parent === undefined ? [] : [{ pid, parent: Number(parent), state }];
}
