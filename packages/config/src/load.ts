import { randomBytes } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { ValidationError } from 'joi';
import type { Machine } from './option';
import { options } from './options';
import { checks } from './checks';
import type { CompiledConfig } from './options';
import { readEnvironment, readFile, readFlags } from './sources';
import type { Compiled } from './tree';
import { compiledPath, namedOptions, setAt } from './tree';

export interface ConfigSources {
  /** Flags as parsed from the command line: kebab-case or camelCase name to value. Strongest. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Usually `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Path of a YAML or JSON file. Weakest. */
  readonly file?: string | undefined;
  /** What a command prefers to the built-in defaults, named like flags. Weaker than all others. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** For tests; default this machine. */
  readonly machine?: Machine;
}

/** All that is wrong with a configuration, at once. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`the configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads the configuration: file < environment < flags, over the defaults.
 * @throws ConfigError that names every problem and where it stands
 */
export function loadConfig(sources: ConfigSources = {}): CompiledConfig {
  const { flags = {}, env = {}, defaults = {}, file, machine = thisMachine() } = sources;
  const named = namedOptions(options);
  const findings = [
    readFlags(defaults, named),
    ...(file === undefined ? [] : [readFile(file, options, named)]),
    readEnvironment(env, named),
    readFlags(flags, named),
  ];
  const problems = findings.flatMap((found) => found.problems);
  const written = new Map<string, unknown>();
  for (const { named, value, source } of findings.flatMap((found) => found.assignments)) {
    const result = named.option.schema.validate(value, { abortEarly: true, errors: { label: false } });
    if (result.error === undefined) written.set(named.key, result.value);
    else problems.push(`${source}: ${reasonOf(result.error, named.option.secret)}`);
  }
  if (problems.length > 0) throw new ConfigError(problems);

  const compiled: Record<string, unknown> = {};
  for (const one of named) {
    const value = written.has(one.key) ? written.get(one.key) : one.option.default(machine);
    setAt(compiled, compiledPath(one), value === undefined ? undefined : one.option.compile(value, machine));
  }
  const config = withNames(compiled as unknown as Compiled<typeof options>);
  const contradictions = checks.flatMap((check) => check(config));
  if (contradictions.length > 0) throw new ConfigError(contradictions);
  return config;
}

/** Descriptions need to know the cluster and what the routers are called, which is configured elsewhere. */
function withNames(config: Compiled<typeof options>): CompiledConfig {
  const { cluster, router, descriptions } = config;
  return {
    ...config,
    descriptions: {
      ...descriptions,
      clusterName: cluster.name,
      servicePrefix: cluster.servicePrefix,
      hostnames: router.hostnames,
    },
  };
}

/** Joi words a failed custom rule itself; the reason inside is the better text. */
function reasonOf(error: ValidationError, secret = false): string {
  const [detail] = error.details;
  if (secret || detail === undefined) return 'is not valid';
  const inner: unknown = detail.context?.['error'];
  const reason = inner instanceof Error ? inner.message : detail.message;
  return [...detail.path, reason].join(' ');
}

export function thisMachine(): Machine {
  return { hostname: hostname(), username: userInfo().username, unique: randomBytes(3).toString('hex') };
}
