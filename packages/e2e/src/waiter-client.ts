import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const VERSION = '1.5.7';
const VENV = join(__dirname, '..', '..', '..', '.waiter', 'venv');
const INSTALLED = join(VENV, `.waiter-client-${VERSION}`);

/**
 * Makes sure of the existing users' command-line client in `.waiter/venv`. Blocks: whether there are tests must be
 * known before they are collected.
 * @returns the program, or why there is none
 */
export function installWaiterClient(): { readonly command: string } | { readonly reason: string } {
  const command = join(VENV, 'bin', 'waiter');
  if (existsSync(INSTALLED)) return { command };
  mkdirSync(join(VENV, '..'), { recursive: true });
  const steps: readonly (readonly [string, ...string[]])[] = [
    ['python3', '-m', 'venv', VENV],
    [
      join(VENV, 'bin', 'pip'),
      'install',
      '--quiet',
      '--disable-pip-version-check',
      `waiter-client==${VERSION}`,
    ],
  ];
  for (const [program, ...args] of steps) {
    const { status, error, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: 120_000 });
    if (status !== 0) {
      const last = (error?.message ?? stderr ?? '').trim().split('\n').at(-1) ?? '';
      return { reason: `${program} ${args[0]} ${args[1]} failed: ${last}` };
    }
  }
  writeFileSync(INSTALLED, '');
  return { command };
}

export interface ClientRun {
  readonly code: number | null;
  /** What a person reads: standard output, and standard error after it. */
  readonly text: string;
  readonly out: string;
}

/** Runs the client with a home directory of its own, which holds `.waiter.json`. */
export class WaiterClient {
  constructor(
    private readonly command: string,
    private readonly home: string,
    readonly user: string,
  ) {}

  /** Clusters by name. */
  configure(clusters: Readonly<Record<string, string>>): void {
    const list = Object.entries(clusters).map(([name, url], index) => ({
      name,
      url,
      'default-for-create': index === 0,
    }));
    writeFileSync(
      join(this.home, '.waiter.json'),
      JSON.stringify({ clusters: list, metrics: { disabled: true } }),
    );
  }

  file(name: string, text: string): string {
    const path = join(this.home, name);
    writeFileSync(path, text);
    return path;
  }

  /** Puts a program into the path of the client. */
  program(name: string, script: string): void {
    const folder = join(this.home, 'bin');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** @param input what is typed; by default nothing, so that a question is an error and not a hang */
  run(args: readonly string[], input = ''): Promise<ClientRun> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.command, args, {
        cwd: this.home,
        env: {
          PATH: `${join(this.home, 'bin')}:${process.env['PATH'] ?? ''}`,
          HOME: this.home,
          USER: this.user,
          LC_ALL: 'C.UTF-8',
        },
        timeout: 90_000,
      });
      let out = '';
      let err = '';
      child.stdout.on('data', (part: Buffer) => (out += part.toString('utf8')));
      child.stderr.on('data', (part: Buffer) => (err += part.toString('utf8')));
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, out, text: out + err }));
      child.stdin.end(input);
    });
  }
}
