import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

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

  /** Clusters by name; new tokens go to the first one. @param more of every cluster's entry */
  configure(clusters: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}): void {
    const list = Object.entries(clusters).map(([name, url], index) => ({
      name,
      url,
      'default-for-create': index === 0,
      ...more,
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

  /** Puts a program into the path of the client. @returns where it is */
  program(name: string, script: string): string {
    const folder = join(this.home, 'bin');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  }

  /** The client on a machine that finds these names at 127.0.0.1 and trusts this certificate. Needs root. */
  whereKnown(names: readonly string[], certFile: string): WaiterClient {
    const hosts = this.file('hosts', `127.0.0.1 localhost ${names.join(' ')}\n`);
    const inside = `mount --bind ${hosts} /etc/hosts && exec ${this.command} "$@"`;
    const command = this.program(
      'waiter-where-known',
      `SSL_CERT_FILE=${certFile} exec unshare --mount sh -c '${inside}' waiter "$@"`,
    );
    return new WaiterClient(command, this.home, this.user);
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
