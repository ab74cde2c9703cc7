import type { Command } from 'commander';
import { parseDuration } from '@waiter/core';
import {
  DISTRIBUTION_KINDS,
  PATTERN_KINDS,
  POLICY_NAMES,
  type Comparison,
  type Distribution,
  type Pattern,
} from '@waiter/scaling';
import { UsageError } from '../usage-error';

/** Flags as commander hands them over: all are strings. */
export type SimulateFlags = Readonly<Record<string, string | boolean | undefined>>;

const DEFAULTS = {
  pattern: 'sine',
  rate: '10',
  period: '10m',
  length: '1h',
  policies: POLICY_NAMES.join(','),
  serviceTime: '1s',
  serviceDistribution: 'exponential',
  serviceCv: '1',
  startup: '5s',
  startupDistribution: 'constant',
  startupCv: '0.5',
  concurrencyLevel: '1',
  minInstances: '1',
  maxInstances: '500',
  routers: '1',
  seed: '1',
} as const;

type FlagName = keyof typeof DEFAULTS;

/** Adds the flags of `waiter simulate`. */
export function withSimulateFlags(command: Command): Command {
  const option = (flag: string, description: string, name: FlagName): unknown =>
    command.option(flag, description, DEFAULTS[name]);
  option('--pattern <kind>', `shape of the load without a trace: ${PATTERN_KINDS.join(', ')}`, 'pattern');
  option('--rate <number>', 'highest rate of the pattern, requests per second', 'rate');
  option('--period <duration>', 'period of the patterns sine and spikes', 'period');
  option('--length <duration>', 'length of the pattern', 'length');
  option('--policies <names>', 'policies to compare, separated by commas', 'policies');
  option('--service-time <duration>', 'mean time a request takes', 'serviceTime');
  option('--service-distribution <kind>', DISTRIBUTION_KINDS.join(', '), 'serviceDistribution');
  option('--service-cv <number>', 'standard deviation over mean, for lognormal', 'serviceCv');
  option('--startup <duration>', 'mean time an instance takes to become ready', 'startup');
  option('--startup-distribution <kind>', DISTRIBUTION_KINDS.join(', '), 'startupDistribution');
  option('--startup-cv <number>', 'standard deviation over mean, for lognormal', 'startupCv');
  option('--concurrency-level <number>', 'requests an instance serves at once', 'concurrencyLevel');
  option('--min-instances <number>', 'never fewer; 0 lets policies stop all', 'minInstances');
  option('--max-instances <number>', 'never more', 'maxInstances');
  option('--routers <number>', 'router nodes that dispatch', 'routers');
  option('--seed <number>', 'of everything random', 'seed');
  return command
    .option('--html <file>', 'write a report with plots')
    .option('--json', 'print the figures as JSON instead of a table');
}

/** What to compare, without the trace. @throws UsageError that names the flag */
export function readComparison(flags: SimulateFlags): Omit<Comparison, 'trace'> {
  const policies = text(flags, 'policies')
    .split(',')
    .map((name) => name.trim());
  const unknown = policies.find((name) => !POLICY_NAMES.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--policies: there is no "${unknown}"; there are ${POLICY_NAMES.join(', ')}`);
  }
  return {
    policies,
    service: distribution(flags, 'serviceTime', 'serviceDistribution', 'serviceCv'),
    startup: distribution(flags, 'startup', 'startupDistribution', 'startupCv'),
    limits: {
      concurrencyLevel: whole(flags, 'concurrencyLevel', 1),
      minInstances: whole(flags, 'minInstances', 0),
      maxInstances: whole(flags, 'maxInstances', 1),
    },
    routers: whole(flags, 'routers', 1),
    seed: whole(flags, 'seed', 0),
  };
}

/** The synthetic load of the flags. @throws UsageError that names the flag */
export function readPattern(flags: SimulateFlags): { pattern: Pattern; lengthMs: number } {
  const kind = oneOf(flags, 'pattern', PATTERN_KINDS);
  const pattern: Pattern = {
    kind,
    rate: positive(flags, 'rate'),
    periodMs: duration(flags, 'period'),
  };
  const lengthMs = duration(flags, 'length');
  if (lengthMs < 1000) throw new UsageError('--length: at least 1s');
  return { pattern, lengthMs };
}

function distribution(flags: SimulateFlags, mean: FlagName, kind: FlagName, cv: FlagName): Distribution {
  const meanMs = duration(flags, mean);
  const chosen = oneOf(flags, kind, DISTRIBUTION_KINDS);
  return chosen === 'lognormal'
    ? { kind: chosen, meanMs, cv: positive(flags, cv) }
    : { kind: chosen, meanMs };
}

const flagOf = (name: FlagName): string =>
  `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function text(flags: SimulateFlags, name: FlagName): string {
  const value = flags[name];
  return typeof value === 'string' ? value : DEFAULTS[name];
}

function duration(flags: SimulateFlags, name: FlagName): number {
  try {
    const ms = parseDuration(text(flags, name));
    if (ms > 0) return ms;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`${flagOf(name)}: ${error.message}`);
  }
  throw new UsageError(`${flagOf(name)}: must be longer than nothing`);
}

function whole(flags: SimulateFlags, name: FlagName, least: number): number {
  const value = Number(text(flags, name));
  if (!Number.isSafeInteger(value) || value < least) {
    throw new UsageError(`${flagOf(name)}: expected a whole number of at least ${least}`);
  }
  return value;
}

function positive(flags: SimulateFlags, name: FlagName): number {
  const value = Number(text(flags, name));
  if (!(value > 0 && value <= 1e9)) throw new UsageError(`${flagOf(name)}: expected a positive number`);
  return value;
}

function oneOf<T extends string>(flags: SimulateFlags, name: FlagName, allowed: readonly T[]): T {
  const value = text(flags, name);
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new UsageError(`${flagOf(name)}: expected one of ${allowed.join(', ')}`);
  return found;
}
