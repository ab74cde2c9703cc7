import type { Scheduler } from '../port';

/** One of several schedulers. */
export interface Component {
  readonly name: string;
  readonly scheduler: Scheduler;
  /** Services that belong to another component are left where they are, instead of being deleted here. Default false. */
  readonly ignoreMisplaced?: boolean;
}

/** In the order in which they were given. */
export type Components = ReadonlyMap<string, Component>;

/** @throws TypeError where two have the same name */
export function componentsOf(components: readonly Component[]): Components {
  const byName = new Map(components.map((component) => [component.name, component]));
  if (byName.size < components.length) throw new TypeError('two schedulers have the same name');
  return byName;
}

/** @throws TypeError */
export function componentNamed(components: Components, name: string): Component {
  const component = components.get(name);
  if (component === undefined) throw new TypeError(`there is no scheduler "${name}"`);
  return component;
}
