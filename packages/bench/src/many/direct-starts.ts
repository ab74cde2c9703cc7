import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tinyCommand } from '@waiter/kitchen';
import { freePort, waitFor } from '@waiter/testkit';
import { ask, now } from '../measurements/first-byte';

const ANSWER_MS = 60_000;
const LOOK_MS = 10;

/**
 * The same without Waiter: a shell starts each, all at once, and each is asked until it answers. What it takes is the
 * operating system's and the instances'.
 * @returns ms until the first byte of each
 */
export async function directStarts(count: number): Promise<readonly number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  const children: ChildProcess[] = [];
  try {
    return await Promise.all(
      [...ports].map(async (port) => {
        const sentAt = now();
        children.push(
          spawn('/bin/sh', ['-c', tinyCommand()], {
            stdio: 'ignore',
            env: { ...process.env, PORT0: String(port) },
          }),
        );
        const answered = (): Promise<number | false> =>
          ask(port, {}, ANSWER_MS).then(
            ({ firstByteAt }) => firstByteAt,
            () => false,
          );
        const firstByteAt = await waitFor('an answer', answered, {
          intervalMs: LOOK_MS,
          timeoutMs: ANSWER_MS,
        });
        return firstByteAt - sentAt;
      }),
    );
  } finally {
    await Promise.all(children.map(ended));
  }
}

/** The shell became the server: it has no children. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
