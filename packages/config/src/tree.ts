import type { Option } from './option';

/** Any option; used where the types of one do not matter. */
export type AnyOption = Option<unknown, unknown>;

/** Sections and options by name. */
export interface OptionTree {
  readonly [name: string]: AnyOption | OptionTree;
}

/** What code reads: numbers in `...Ms` for durations, every option present. */
export type Compiled<T> = {
  readonly [
    K in keyof T & string as T[K] extends Option<string, number, 'duration' | 'instant'> ? `${K}Ms` : K
  ]: T[K] extends {
    readonly kind: string;
    compile(...args: never[]): infer C;
  }
    ? C
    : Compiled<T[K]>;
};

/** What people write: all optional, durations as strings. */
export type Written<T> = {
  readonly [K in keyof T & string]?: T[K] extends {
    readonly kind: string;
    default(...args: never[]): infer W;
  }
    ? W
    : Written<T[K]>;
};

/** An option with its place in the tree and its names. */
export interface NamedOption {
  readonly path: readonly string[];
  readonly option: AnyOption;
  /** `router.queueTimeout` */
  readonly key: string;
  /** `WAITER_ROUTER_QUEUE_TIMEOUT` */
  readonly variable: string;
  /** `router-queue-timeout`, without dashes in front. */
  readonly flag: string;
  readonly alias: string | undefined;
}

export function isOption(node: AnyOption | OptionTree): node is AnyOption {
  return typeof node['compile'] === 'function';
}

/** All options of a tree in the order in which they are written there. */
export function namedOptions(tree: OptionTree, above: readonly string[] = []): NamedOption[] {
  return Object.entries(tree).flatMap(([name, node]) => {
    const path = [...above, name];
    if (!isOption(node)) return namedOptions(node, path);
    const flag = kebab(path.join('-'));
    const variable = `WAITER_${flag.replaceAll('-', '_').toUpperCase()}`;
    return [{ path, option: node, key: path.join('.'), variable, flag, alias: node.alias }];
  });
}

export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Where the value of an option stands in the compiled object. */
export function compiledPath({ path, option }: NamedOption): readonly string[] {
  if (option.kind !== 'duration' && option.kind !== 'instant') return path;
  return [...path.slice(0, -1), `${path.at(-1)}Ms`];
}

type Branch = Record<string, unknown>;

export function getAt(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((node, name) => (isBranch(node) ? node[name] : undefined), root);
}

/** Sets a value in a tree of plain objects, with the branches that are missing. */
export function setAt(root: Branch, path: readonly string[], value: unknown): void {
  let node = root;
  for (const name of path.slice(0, -1)) {
    const next = node[name];
    const branch: Branch = isBranch(next) ? next : {};
    node[name] = branch;
    node = branch;
  }
  const last = path.at(-1);
  if (last !== undefined) node[last] = value;
}

export function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
