import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { kitchenCommand } from '@waiter/kitchen';
import { freePort, waitFor } from '@waiter/testkit';
import { ask, now } from './first-byte';
import { kitchenStart } from './kitchen-start';

const ANSWER_MS = 30_000;
const LOOK_MS = 2;

/**
 * The same without Waiter: a shell starts the kitchen, somebody who sees at once that it listens sends a request. What is left
 * beside the kitchen's own start-up (fork, exec, its slow first answer) no platform can avoid.
 * @param clients requests that are sent at once
 * @returns milliseconds of overhead of each, counted as for a cold start
 */
export async function directStart(directory: string, clients: number): Promise<readonly number[]> {
  const port = await freePort();
  const stdoutFile = join(directory, `direct-${port}`);
  const stdout = openSync(stdoutFile, 'a');
  const sentAt = now();
  const child = spawn('/bin/sh', ['-c', `${kitchenCommand()} -p ${port}`], {
    detached: true,
    stdio: ['ignore', stdout, stdout],
  });
  closeSync(stdout);
  const exited = new Promise((resolve) => child.once('exit', resolve).once('error', resolve));
  try {
    await waitFor('the kitchen to listen', () => accepts(port), {
      intervalMs: LOOK_MS,
      timeoutMs: ANSWER_MS,
    });
    const answers = await Promise.all(Array.from({ length: clients }, () => ask(port, {}, ANSWER_MS)));
    const { startedAt, listeningAt } = await kitchenStart(stdoutFile);
    return answers.map(({ firstByteAt, status }) => {
      if (status !== 200) throw new Error(`the kitchen answered ${status}`);
      return firstByteAt - sentAt - (listeningAt - startedAt);
    });
  } finally {
    // Its group: the shell, and the kitchen where the shell did not become it.
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await exited;
    rmSync(stdoutFile, { force: true });
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
