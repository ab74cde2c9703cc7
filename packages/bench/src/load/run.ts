import { startProcess } from '@waiter/testkit';

/** Runs a program to its end. @returns its output @throws Error when it fails or takes longer than `timeoutMs` */
export async function run([program = '', ...args]: readonly string[], timeoutMs: number): Promise<string> {
  const running = await startProcess({ name: program, command: program, args });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    void running.kill();
  }, timeoutMs);
  const { code } = await running.exited;
  clearTimeout(timer);
  if (late) throw new Error(`${program} did not end within ${timeoutMs} ms`);
  if (code !== 0) throw new Error(`${program} failed (exit code ${code}): ${running.output()}`);
  return running.output();
}
