import { ConfigError } from '@waiter/config';
import { UsageError } from './usage-error';
import { createProgram } from './commands/program';

/** Entry of the `waiter` command. Mistakes of the caller get a sentence; faults of ours get their stack. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    const text =
      error instanceof ConfigError || error instanceof UsageError
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error);
    process.stderr.write(`waiter: ${text}\n`);
    process.exit(1);
  }
}
