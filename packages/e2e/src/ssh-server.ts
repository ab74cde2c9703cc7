import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startProcess, type RunningProcess } from '@waiter/testkit';

const SSHD = '/usr/sbin/sshd';
const SSH = '/usr/bin/ssh';

/** OpenSSH's server on loopback, which lets in whoever holds the key that is made for it. */
export interface SshServer {
  readonly process: RunningProcess;
  /** Shell line that runs the real client with that key; its arguments are `$@`. */
  readonly client: string;
}

/** Why there can be none here; null when there can. */
export function whyNoSsh(): string | null {
  const missing = [SSHD, SSH].filter((program) => !existsSync(program));
  return missing.length === 0
    ? null
    : `${missing.join(' and ')} missing (packages openssh-server, openssh-client)`;
}

/** @param directory of the caller, for keys and configuration */
export async function startSshServer(directory: string): Promise<SshServer> {
  const at = (name: string): string => join(directory, name);
  for (const key of ['host-key', 'user-key']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(key)]);
  }
  const port = await freePort();
  const server = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${at('host-key')}`,
    `AuthorizedKeysFile ${at('user-key.pub')}`,
    'PidFile none',
    'UsePAM no',
    'PasswordAuthentication no',
    // The directory of a test is below /tmp, which everybody may write.
    'StrictModes no',
  ];
  const client = [
    `Port ${port}`,
    `IdentityFile ${at('user-key')}`,
    'IdentitiesOnly yes',
    'StrictHostKeyChecking no',
    'UserKnownHostsFile /dev/null',
    'LogLevel ERROR',
  ];
  writeFileSync(at('sshd_config'), `${server.join('\n')}\n`);
  writeFileSync(at('ssh_config'), `${client.join('\n')}\n`);
  // Where it separates privileges; Debian makes it when the service starts.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  const started = await startProcess({
    name: 'sshd',
    command: SSHD,
    args: ['-D', '-e', '-f', at('sshd_config')],
    ready: /listening/,
  });
  return { process: started, client: `exec ${SSH} -F ${at('ssh_config')} "$@"` };
}
