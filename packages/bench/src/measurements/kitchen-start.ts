import { readFile } from 'node:fs/promises';
import { waitFor } from '@waiter/testkit';

/** What a kitchen says of its own start, epoch milliseconds with a fraction. */
export interface KitchenStart {
  /** Its process began. */
  readonly startedAt: number;
  /** It listens. */
  readonly listeningAt: number;
}

/** Reads the first line of a kitchen's standard output. */
export function kitchenStart(stdoutFile: string): Promise<KitchenStart> {
  return waitFor(`the kitchen's word in ${stdoutFile}`, async () =>
    parse(await readFile(stdoutFile, 'utf8')),
  );
}

function parse(output: string): KitchenStart | null {
  const line = output.split('\n').find((one) => one.includes('"listening"'));
  if (line === undefined) return null;
  const { at, startedAt } = JSON.parse(line) as { at: number; startedAt: number };
  return { startedAt, listeningAt: at };
}
