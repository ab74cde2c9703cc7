import Joi from 'joi';
import { isMap, parseDuration, WaiterError, type Json } from '@waiter/core';
import {
  DISTRIBUTION_KINDS,
  parseClientCurve,
  PATTERN_KINDS,
  POLICY_NAMES,
  type ComparisonRequest,
  type TickRequest,
} from '@waiter/scaling';

/** What one simulation may ask for; a time limit stands behind all of these. */
const MOST_REQUESTS = 200_000;
const LONGEST_MS = 2 * 86_400_000;
const MOST_STEPS = 100_000;
const MOST_INSTANCES = 2_000;

const whole = (least: number, most: number): Joi.NumberSchema => Joi.number().integer().min(least).max(most);
const decimal = (least: number, most: number): Joi.NumberSchema => Joi.number().min(least).max(most);
const duration = (longestMs = LONGEST_MS): Joi.Schema =>
  Joi.string().custom((text: string) => {
    const ms = parseDuration(text);
    if (ms <= 0 || ms > longestMs) throw new RangeError(`"${text}" is not between 1ms and ${longestMs}ms`);
    return ms;
  });
const distribution = (name: string, meanMs: number): Readonly<Record<string, Joi.Schema>> => ({
  [name]: duration(3_600_000).default(meanMs),
  [`${name === 'service-time' ? 'service' : name}-distribution`]: Joi.valid(...DISTRIBUTION_KINDS),
  [`${name === 'service-time' ? 'service' : name}-cv`]: decimal(0.01, 10).default(1),
});

/** The flags of `waiter simulate`, as JSON. */
const COMPARISON = Joi.object({
  pattern: Joi.valid(...PATTERN_KINDS).default('sine'),
  rate: decimal(0.001, 10_000).default(10),
  period: duration().default(600_000),
  length: duration().default(1_800_000),
  trace: Joi.object({
    step: duration().default(1000),
    counts: Joi.array().items(whole(0, MOST_REQUESTS)).min(1).max(MOST_STEPS).required(),
  }),
  policies: Joi.array()
    .items(Joi.valid(...POLICY_NAMES))
    .min(1)
    .unique()
    .default([...POLICY_NAMES]),
  ...distribution('service-time', 1000),
  ...distribution('startup', 5000),
  'concurrency-level': whole(1, 10_000).default(1),
  'min-instances': whole(0, MOST_INSTANCES).default(1),
  'max-instances': whole(1, MOST_INSTANCES).default(500),
  routers: whole(1, 100).default(1),
  seed: whole(0, 2 ** 31 - 1).default(1),
});

/** Parameters of the original's simulator with its defaults (spec: scaling-and-schedulers 2.2). */
const TICKS = Joi.object({
  'clients-exit-immediately': Joi.boolean().default(true),
  cpus: decimal(0.01, 1_000).default(2),
  mem: decimal(1, 1_000_000).default(256),
  'concurrency-level': whole(1, 10_000).default(1),
  'idle-ticks': whole(1, 7_200).default(2),
  'request-ticks': whole(1, 7_200).default(5),
  'startup-ticks': whole(1, 7_200).default(500),
  'scale-factor': decimal(0.001, 2).default(1),
  'scale-up-factor': decimal(0, 1).default(0.1),
  'scale-down-factor': decimal(0, 1).default(0.01),
  'scale-ticks': whole(1, 7_200).default(1),
  'jitter-threshold': decimal(0, 0.999_999).default(0.5),
  'min-instances': whole(0, MOST_INSTANCES).default(1),
  'max-instances': whole(0, MOST_INSTANCES).default(1_000),
  'expired-instance-restart-rate': decimal(0, 1).default(0.1),
  'total-ticks': whole(0, 1_000_000).default(3_600),
  'randomize-times': Joi.boolean().allow(null).default(false),
  'use-quanta': Joi.boolean().allow(null).default(false),
  'quanta-cpus': decimal(0.01, 1_000_000).default(64),
  'quanta-mem': decimal(1, 1_000_000_000).default(524_288),
  seed: whole(0, 2 ** 31 - 1).default(1),
});

/** A load and a service, compared under several policies. @throws WaiterError 400 that names what is wrong */
export function readComparison(body: Readonly<Record<string, Json>>): ComparisonRequest {
  const given = checked<Readonly<Record<string, never>>>(COMPARISON, body);
  const of = <T>(name: string): T => given[name] as T;
  const time = (name: string, mean: string, fallback: 'constant' | 'exponential') => {
    const kind = of<ComparisonRequest['service']['kind'] | undefined>(`${name}-distribution`) ?? fallback;
    const meanMs = of<number>(mean);
    return kind === 'lognormal' ? { kind, meanMs, cv: of<number>(`${name}-cv`) } : { kind, meanMs };
  };
  const trace = of<{ step: number; counts: number[] } | undefined>('trace');
  const lengthMs = trace === undefined ? of<number>('length') : trace.step * trace.counts.length;
  const rate = of<number>('rate');
  const requests =
    trace === undefined ? (rate * lengthMs) / 1000 : trace.counts.reduce((sum, count) => sum + count, 0);
  if (requests > MOST_REQUESTS) refuse(`at most ${MOST_REQUESTS} requests can be simulated here`);
  if (lengthMs < 1000 || lengthMs > LONGEST_MS) refuse('the load must last between one second and two days');
  return {
    load:
      trace === undefined
        ? { pattern: { kind: of('pattern'), rate, periodMs: of('period') }, lengthMs }
        : { trace: { name: 'trace', stepMs: trace.step, counts: trace.counts } },
    service: time('service', 'service-time', 'exponential'),
    startup: time('startup', 'startup', 'constant'),
    limits: {
      concurrencyLevel: of('concurrency-level'),
      minInstances: of('min-instances'),
      maxInstances: of('max-instances'),
    },
    routers: of('routers'),
    seed: of('seed'),
    policies: of('policies'),
  };
}

/** A run of the original's simulator: `config` and `client-curve`. @throws WaiterError 400 that names what is wrong */
export function readTicks(body: Readonly<Record<string, Json>>): TickRequest {
  const { config = {}, 'client-curve': curve = {}, ...rest } = body;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined) refuse(`"${unknown}" is not allowed`);
  if (!isMap(config)) refuse('"config" must be an object');
  const given = checked<Readonly<Record<string, never>>>(TICKS, config);
  const of = <T>(name: string): T => given[name] as T;
  return {
    scaling: {
      concurrencyLevel: of('concurrency-level'),
      scaleFactor: of('scale-factor'),
      scaleUpFactor: of('scale-up-factor'),
      scaleDownFactor: of('scale-down-factor'),
      jitterThreshold: of('jitter-threshold'),
      minInstances: of('min-instances'),
      maxInstances: of('max-instances'),
      expiredInstanceRestartRate: of('expired-instance-restart-rate'),
    },
    clientsExitImmediately: of('clients-exit-immediately'),
    resources: { cpus: of('cpus'), mem: of('mem') },
    quanta:
      of<boolean | null>('use-quanta') === true ? { cpus: of('quanta-cpus'), mem: of('quanta-mem') } : null,
    idleTicks: of('idle-ticks'),
    requestTicks: of('request-ticks'),
    startupTicks: of('startup-ticks'),
    scaleTicks: of('scale-ticks'),
    totalTicks: of('total-ticks'),
    randomize: of<boolean | null>('randomize-times') === true,
    seed: of('seed'),
    curve: curveOf(curve),
  };
}

/** Tick to change in clients. The original evaluates source text here; we never do. */
function curveOf(curve: Json): TickRequest['curve'] {
  try {
    return parseClientCurve(curve);
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function checked<T>(schema: Joi.ObjectSchema, body: Readonly<Record<string, Json>>): T {
  const { error, value } = schema.validate(body, { convert: false });
  if (error !== undefined) refuse(error.message);
  return value as T;
}

function refuse(message: string): never {
  throw new WaiterError(`Cannot simulate this: ${message}`, { status: 400 });
}
