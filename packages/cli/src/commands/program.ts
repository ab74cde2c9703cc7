import { Command } from 'commander';
import { addOperateCommands } from '../operate/command';
import { addTokenCommands } from '../tokens/command';
import { withSimulateFlags } from '../simulate/simulate-flags';
import { version } from '../version';
import { readConfiguration, withConfiguration, type Flags } from './configuration';

const COMMON = ['cluster', 'redis', 'descriptions', 'passwords', 'statsd', 'log', 'dataDir'];

/** The command line. Roles are loaded when they are needed: `waiter --help` starts fast. */
export function createProgram(): Command {
  const program = new Command('waiter')
    .description('A distributed autoscaler and load balancer for web services')
    .version(version())
    .showHelpAfterError('(add --help for what is accepted)');

  withConfiguration(
    program.command('router').description('run a router node: a control process and its workers'),
    [...COMMON, 'router'],
  ).action(async (flags: Flags) => {
    const config = readConfiguration(flags);
    if (config !== null) await (await import('../roles/router.js')).runRouter(config);
  });

  withConfiguration(program.command('scaler').description('run a scaler; many may run, one leads'), [
    ...COMMON,
    'scaler',
    'marathon',
    'schedulers',
  ]).action(async (flags: Flags) => {
    const config = readConfiguration(flags);
    if (config !== null) await (await import('../roles/scaler.js')).runScaler(config);
  });

  withConfiguration(
    program
      .command('mini-marathon')
      .description('run a Marathon-compatible server whose tasks are local processes')
      .option('--port <number>', 'port to listen on (same as --mini-marathon-port)')
      .option('--host <address>', 'address to listen on (same as --mini-marathon-host)')
      .option('--data-dir <directory>', 'where sandboxes are kept (same as --mini-marathon-data-dir)'),
    ['miniMarathon', 'log', 'dataDir'],
    ['port', 'host', 'data-dir'],
  ).action(async ({ port, host, dataDir, ...flags }: Flags) => {
    const config = readConfiguration({
      ...flags,
      ...(port === undefined ? {} : { miniMarathonPort: port }),
      ...(host === undefined ? {} : { miniMarathonHost: host }),
      ...(dataDir === undefined ? {} : { miniMarathonDataDir: dataDir }),
    });
    if (config !== null) await (await import('../roles/mini-marathon.js')).runMiniMarathon(config);
  });

  withConfiguration(
    program
      .command('up')
      .description('run a whole cluster on this machine until Ctrl-C')
      .option('--routers <number>', 'router nodes, on consecutive ports', '1')
      .option('--scalers <number>', 'scalers', '1')
      .option('--redis <url>', 'use this Redis instead of starting one under the data directory')
      .option('--marathon <url>', 'use this Marathon instead of starting a mini-marathon'),
    [...COMMON, 'router', 'scaler', 'marathon', 'schedulers', 'miniMarathon'],
    ['redis', 'redis-url', 'marathon', 'marathon-urls'],
  ).action(async (flags: Flags) => {
    const { runUp, UP_DEFAULTS, UP_FLAGS } = await import('../up/run-up.js');
    const config = readConfiguration(flags, { own: UP_FLAGS, defaults: UP_DEFAULTS });
    if (config !== null) await runUp(config, flags);
  });

  program
    .command('demo')
    .description('start a cluster, drive load at a service, show it grow from nothing and go away again')
    .option('--keep', 'leave the cluster up at the end, and say where it is')
    .action(async ({ keep }: { keep?: boolean }) => {
      process.exitCode = await (await import('../demo/run-demo.js')).runDemo({ keep: keep === true });
    });

  withSimulateFlags(
    program
      .command('simulate')
      .argument('[trace]', 'file of lines "index,count"; a synthetic pattern without it')
      .description('compare scaling policies on a load (docs/autoscaling.md)'),
  ).action(async (trace: string | undefined, flags: Record<string, string | boolean>) => {
    process.stdout.write((await import('../simulate/run-simulate.js')).runSimulate(trace, flags));
  });

  addTokenCommands(
    program.command('tokens').description('back up, restore and synchronise tokens of clusters'),
  );

  addOperateCommands(program);

  return program;
}
