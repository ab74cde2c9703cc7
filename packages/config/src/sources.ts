import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { isBranch, isOption, kebab } from './tree';
import type { AnyOption, NamedOption, OptionTree } from './tree';
import { nearest } from './suggest';

/** One value for one option, and where it was said. */
export interface Assignment {
  readonly named: NamedOption;
  /** As written: not yet validated. */
  readonly value: unknown;
  /** For messages: `environment variable WAITER_ROUTER_PORT`. */
  readonly source: string;
}

/** What was found, and what is wrong with it, one line each. */
export interface Findings {
  readonly assignments: Assignment[];
  readonly problems: string[];
}

/** A YAML file; JSON is YAML. Sections as in the options, durations as strings. */
export function readFile(file: string, tree: OptionTree, options: readonly NamedOption[]): Findings {
  let content: unknown;
  try {
    content = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { assignments: [], problems: [`cannot read configuration file ${file}: ${reason}`] };
  }
  if (!isBranch(content)) {
    return { assignments: [], problems: [`configuration file ${file} is not a map of sections`] };
  }
  const found: Findings = { assignments: [], problems: [] };
  walk(content, tree, [], file, new Map(options.map((named) => [named.key, named])), found);
  return found;
}

function walk(
  node: Record<string, unknown>,
  tree: OptionTree,
  above: readonly string[],
  file: string,
  byKey: ReadonlyMap<string, NamedOption>,
  found: Findings,
): void {
  for (const [name, value] of Object.entries(node)) {
    const path = [...above, name];
    const key = path.join('.');
    const known = Object.hasOwn(tree, name) ? tree[name] : undefined;
    if (known === undefined) {
      const meant = nearest(name, Object.keys(tree)) ?? undefined;
      const suggestion = meant === undefined ? nearest(key, byKey.keys()) : [...above, meant].join('.');
      found.problems.push(unknownName(`${key} in ${file}`, suggestion));
    } else if (isOption(known)) {
      take(known, value, key, file, byKey, found);
    } else if (isBranch(value)) {
      walk(value, known, path, file, byKey, found);
    } else if (value !== null) {
      found.problems.push(`${key} in ${file} must be a map of options`);
    }
  }
}

function take(
  option: AnyOption,
  value: unknown,
  key: string,
  file: string,
  byKey: ReadonlyMap<string, NamedOption>,
  found: Findings,
): void {
  const named = byKey.get(key);
  if (named === undefined || value === null) return;
  const oneOfList = option.kind === 'list' && typeof value === 'string' ? [value] : value;
  found.assignments.push({ named, value: oneOfList, source: `${key} in ${file}` });
}

/**
 * Variables `WAITER_<SECTION>_...`. Other `WAITER_` names are left alone: an instance of a service gets several of
 * them (WAITER_SERVICE_ID, WAITER_CPUS ...). An empty value counts as unset, as in compose files.
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  options: readonly NamedOption[],
): Findings {
  const found: Findings = { assignments: [], problems: [] };
  const byName = new Map(options.map((named) => [named.variable, named]));
  const sections = new Set(
    options.filter(({ path }) => path.length > 1).map(({ path }) => `WAITER_${envName(path[0] ?? '')}_`),
  );
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '') continue;
    const named = byName.get(name);
    if (named !== undefined) {
      found.assignments.push({
        named,
        value: named.option.read(value),
        source: `environment variable ${name}`,
      });
    } else if ([...sections].some((section) => name.startsWith(section))) {
      found.problems.push(unknownName(`environment variable ${name}`, nearest(name, byName.keys())));
    }
  }
  return found;
}

/** Flags by name, kebab-case or camelCase, without dashes in front; undefined counts as absent. */
export function readFlags(
  flags: Readonly<Record<string, unknown>>,
  options: readonly NamedOption[],
): Findings {
  const found: Findings = { assignments: [], problems: [] };
  const byName = new Map(options.map((named) => [named.flag, named]));
  for (const named of options) if (named.alias !== undefined) byName.set(named.alias, named);
  for (const [given, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    const name = kebab(given);
    const named = byName.get(name);
    if (named === undefined) {
      const meant = nearest(name, byName.keys());
      found.problems.push(unknownName(`flag --${name}`, meant === undefined ? meant : `--${meant}`));
      continue;
    }
    const read = typeof value === 'string' ? named.option.read(value) : value;
    found.assignments.push({ named, value: read, source: `flag --${name}` });
  }
  return found;
}

function envName(section: string): string {
  return kebab(section).replaceAll('-', '_').toUpperCase();
}

function unknownName(what: string, suggestion: string | undefined): string {
  return `unknown ${what}${suggestion === undefined ? '' : `: did you mean ${suggestion}?`}`;
}
