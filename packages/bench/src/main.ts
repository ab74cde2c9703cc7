import { descendants } from '@waiter/testkit';
import { flags, UsageError, type Flags } from './flags';
import type { ArenaOptions } from './measurements/contenders';
import { measureColdStarts } from './measurements/cold-start';
import { measureContest } from './measurements/contest';
import { measureManyServices } from './many/many-services';
import { measureManyStarts } from './many/many-starts';
import { measureHalfLoad } from './measurements/half-load';
import { measureMemory } from './measurements/memory';
import { measureRedisCommands } from './measurements/redis-commands';
import { measureTwoWorkers } from './measurements/two-workers';
import { PEERS, type PeerName } from './peers';
import { loadAverage, machine } from './report/machine';
import type { Outcome } from './report/measurement';
import { SCENARIOS, type Scenario } from './scenarios';

const USAGE = `usage: npm run bench -- <measurement> [options]

  cold-start      first byte minus the instance's own start-up   --runs 30 --warm-up 2 --parallel 1 --clients 1
  many-services   a scaler with many services: tick time, CPU, memory, Redis  --services 2000 --active 50 --seconds 30
  many-starts     services that are all asked for at once, from nothing    --services 200
  redis-commands  Redis commands per request on the warm path    --seconds 10 --connections 32

One router worker against HAProxy, nginx and http-proxy:
${Object.entries(SCENARIOS)
  .map(([name, { what }]) => `  ${name.padEnd(16)}${what}`)
  .join('\n')}
        --rounds 5 --seconds 4 --connections 64 --peers haproxy,nginx,http-proxy --stage cluster
        --stage worker: a worker and Redis without the rest of a cluster, which starts sooner

The same contenders otherwise:
  half-load       latency that is added at half load              --rounds 5 --seconds 4 --connections 64
  memory          after very many requests and aborted ones       --requests 1000000 --aborted 10000 --idle 1000
  two-workers     two workers that share a port against one       --rounds 3 --seconds 4

Each starts what it needs on free ports of 127.0.0.1 and stops it. Exit code: 0; 1 when a request or run failed;
2 when the command line is wrong. Targets and results: docs/performance.md.
`;

const PEER_NAMES = Object.keys(PEERS) as PeerName[];

interface Measurement {
  readonly options: readonly string[];
  run(flags: Flags): Promise<Outcome>;
}

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  'cold-start': {
    options: ['runs', 'warm-up', 'parallel', 'clients'],
    run: ({ count }) =>
      measureColdStarts({
        runs: count('runs', 30),
        warmUp: count('warm-up', 2, 0),
        parallel: count('parallel', 1),
        clients: count('clients', 1),
      }),
  },
  'many-services': {
    options: ['services', 'active', 'seconds'],
    run: ({ count }) =>
      measureManyServices({
        services: count('services', 2_000),
        active: count('active', 50),
        seconds: count('seconds', 30),
      }),
  },
  'many-starts': {
    options: ['services'],
    run: ({ count }) => measureManyStarts({ services: count('services', 200) }),
  },
  'redis-commands': {
    options: ['seconds', 'connections'],
    run: ({ count }) =>
      measureRedisCommands({ seconds: count('seconds', 10), connections: count('connections', 32) }),
  },
  'half-load': {
    options: ['rounds', 'seconds', 'connections', 'peers', 'stage'],
    run: (given) =>
      measureHalfLoad({
        ...arena(given, ['haproxy', 'nginx']),
        rounds: given.count('rounds', 5),
        seconds: given.count('seconds', 4),
        connections: given.count('connections', 64),
      }),
  },
  memory: {
    options: ['requests', 'aborted', 'idle', 'connections', 'peers', 'stage'],
    run: (given) =>
      measureMemory({
        ...arena(given, ['haproxy', 'nginx']),
        requests: given.count('requests', 1_000_000),
        aborted: given.count('aborted', 10_000),
        idle: given.count('idle', 1_000),
        connections: given.count('connections', 64),
      }),
  },
  'two-workers': {
    options: ['rounds', 'seconds', 'connections', 'peers'],
    run: ({ count, list }) =>
      measureTwoWorkers({
        rounds: count('rounds', 3),
        seconds: count('seconds', 4),
        connections: count('connections', 64),
        peers: list('peers', PEER_NAMES, ['haproxy', 'nginx']),
      }),
  },
  ...Object.fromEntries(Object.entries(SCENARIOS).map(([name, scenario]) => [name, contest(scenario)])),
};

function arena({ choice, list }: Flags, peers: readonly PeerName[]): ArenaOptions {
  return { stage: choice('stage', ['cluster', 'worker']), peers: list('peers', PEER_NAMES, peers) };
}

function contest(scenario: Scenario): Measurement {
  return {
    options: ['rounds', 'seconds', 'connections', 'peers', 'stage'],
    run: (given) =>
      measureContest(scenario, {
        ...arena(given, scenario.peers),
        rounds: given.count('rounds', 5),
        seconds: given.count('seconds', 4),
        connections: given.count('connections', scenario.connections),
      }),
  };
}

async function main([name = '', ...args]: readonly string[]): Promise<number> {
  if (name === '--help' || name === '-h') {
    console.log(USAGE);
    return 0;
  }
  const measurement = MEASUREMENTS[name];
  if (measurement === undefined)
    throw new UsageError(name === '' ? 'no measurement' : `no measurement ${name}`);
  const given = flags(args, measurement.options);
  console.log(`${name}, ${new Date().toISOString()}\n${machine()}\nload average before: ${loadAverage()}\n`);
  const { errors } = await measurement.run(given);
  return errors === 0 ? 0 : 1;
}

/** What was started here does not outlive us. */
function stopAll(): void {
  for (const pid of descendants(process.pid)) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It was faster.
    }
  }
  process.exit(130);
}

process.once('SIGINT', stopAll).once('SIGTERM', stopAll);
main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    const usage = error instanceof UsageError;
    console.error(usage ? `${error.message}\n\n${USAGE}` : error);
    process.exitCode = usage ? 2 : 1;
  },
);
