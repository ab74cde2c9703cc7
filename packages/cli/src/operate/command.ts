import type { Command } from 'commander';
import { collect, headersFrom } from '../given-headers';
import { UsageError } from '../usage-error';
import { ControlApi } from './control-api';
import { explain } from './explain';
import { changeScaling, scalingStatus } from './scaling';

interface Common {
  readonly url: string;
  readonly header: readonly string[];
}

const TIMEOUT_MS = 30_000;
/** Nobody reads more at once, and the API has no more. */
const MOST = 1_000;

export interface OperateOutput {
  readonly write: (line: string) => void;
  /** Ends what is followed. */
  readonly untilStopped: () => AbortSignal;
}

const TERMINAL: OperateOutput = {
  write: (line) => process.stdout.write(`${line}\n`),
  untilStopped: () => {
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort()).once('SIGTERM', () => stop.abort());
    return stop.signal;
  },
};

const withCluster = (command: Command): Command =>
  command
    .option('--url <url>', 'a router of the cluster', process.env['WAITER_URL'] ?? 'http://127.0.0.1:9091')
    .option('--header <name: value>', 'sent with every request; `@FILE` reads lines of them', collect, []);

function apiOf({ url, header }: Common): ControlApi {
  if (!/^https?:\/\/[^/]/.test(url))
    throw new UsageError(`"${url}" is not the URL of a router (http://host:port)`);
  return new ControlApi({ url, headers: headersFrom(header), timeoutMs: TIMEOUT_MS });
}

/** Adds `explain` and `scaling` to the program. */
export function addOperateCommands(
  program: Command,
  { write, untilStopped }: OperateOutput = TERMINAL,
): void {
  withCluster(
    program
      .command('explain')
      .argument('<name>', 'a service id, or a token')
      .description('tell what was decided about the instances of a service, from what, and what came of it')
      .option('--length <number>', 'how many decisions', '20')
      .option('--json', 'one JSON document a line, as /apps/<id>/decisions has it')
      .option('--follow', 'go on with new decisions until Ctrl-C'),
  ).action(async (name: string, flags: Common & { length: string; json?: boolean; follow?: boolean }) => {
    const length = Number(flags.length);
    if (!/^\d{1,4}$/.test(flags.length) || length < 1 || length > MOST) {
      throw new UsageError(`--length must be an integer between 1 and ${MOST}`);
    }
    const { json = false, follow = false } = flags;
    await explain(apiOf(flags), name, { length, json, write, follow: follow ? untilStopped() : null });
  });

  const scaling = program.command('scaling').description('pause and resume the scaling of services');
  for (const action of ['pause', 'resume'] as const) {
    const command = withCluster(
      scaling
        .command(action)
        .argument('[name]', 'a service id, or a token; without it the whole cluster')
        .description(
          action === 'pause' ? 'neither start nor stop instances from now on' : 'scale again after a pause',
        ),
    );
    if (action === 'pause') command.option('--reason <text>', 'shown wherever the pause is');
    command.action(async (name: string | undefined, flags: Common & { reason?: string }) => {
      for (const line of await changeScaling(apiOf(flags), action, name, flags.reason)) write(line);
    });
  }
  withCluster(scaling.command('status').description('where scaling is paused')).action(
    async (flags: Common) => {
      for (const line of await scalingStatus(apiOf(flags))) write(line);
    },
  );
}
