import { startKitchen } from './kitchen';
import { parseOptions, USAGE } from './options';

const GRACE_MS = 5_000;

/** The `kitchen` program. Its first line on stdout tells when it listens, in epoch milliseconds with a fraction. */
async function main(): Promise<void> {
  process.stdout.on('error', () => undefined); // nobody reads it: no reason to die
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options === 'help') {
    process.stdout.write(USAGE);
    return;
  }
  let stop = (): void => process.exit(0); // until it listens there is nothing to finish
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop());

  const kitchen = await startKitchen({ ...options, exit: (code) => process.exit(code) });
  const at = performance.timeOrigin + performance.now();
  const line = { event: 'listening', at, port: kitchen.port, startedAt: performance.timeOrigin };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  stop = () => {
    stop = () => process.exit(0);
    void kitchen.close(GRACE_MS).then(() => process.exit(0));
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`kitchen: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(2);
});
