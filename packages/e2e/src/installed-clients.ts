import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..', '..');
const VENV = join(ROOT, '.waiter', 'venv');
const GO_SOURCE = join(__dirname, '..', 'marathon-clients', 'go');

/** The program to run, or why there is none. */
export type Installed = { readonly command: string } | { readonly reason: string };

type Step = readonly [program: string, ...args: string[]];

/**
 * Makes sure of a Python package in `.waiter/venv`. Blocks: whether there are tests must be known before they are
 * collected.
 * @param program that the package puts into the environment
 */
export function installPython(name: string, version: string, program: string): Installed {
  const command = join(VENV, 'bin', program);
  const mark = join(VENV, `.${name}-${version}`);
  if (existsSync(mark)) return { command };
  mkdirSync(join(VENV, '..'), { recursive: true });
  const pip = join(VENV, 'bin', 'pip');
  const reason = firstFailure([
    ['python3', '-m', 'venv', VENV],
    [pip, 'install', '--quiet', '--disable-pip-version-check', `${name}==${version}`],
  ]);
  if (reason !== undefined) return { reason };
  writeFileSync(mark, '');
  return { command };
}

/** Builds the Go program of this package into `.waiter/go`; its modules come from the Go module proxy. */
export function buildGo(): Installed {
  const command = join(ROOT, '.waiter', 'go', 'marathon-client');
  const reason = firstFailure([['go', 'build', '-C', GO_SOURCE, '-o', command, '.']]);
  return reason === undefined ? { command } : { reason };
}

function firstFailure(steps: readonly Step[]): string | undefined {
  for (const [program, ...args] of steps) {
    const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 180_000 });
    if (status === 0) continue;
    const last = (error?.message ?? stderr ?? '').trim().split('\n').at(-1) ?? '';
    return `${program} ${args[0]} ${args[1]} failed: ${last}`;
  }
  return undefined;
}
