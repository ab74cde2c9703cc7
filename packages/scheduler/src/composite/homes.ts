import type { ServiceParameters } from '@waiter/core';
import type { ScheduledService } from '../port';
import { selectorOf, type SelectionOptions, type Selector } from './select';

export interface HomeOptions extends SelectionOptions {
  /**
   * The effective description of a service whose core description is all that is known, to see where it belongs; what it
   * throws means that nobody can tell. Default: the core description itself.
   */
  readonly effectiveOf?: (description: ServiceParameters) => ServiceParameters;
}

/** Where services belong: the component that their description selects. */
export class Homes {
  /** For a service that is to be created. @throws SchedulerError with status 400 */
  readonly select: Selector;

  /** @throws TypeError where an option names no component */
  constructor(
    names: readonly string[],
    private readonly options: HomeOptions,
  ) {
    this.select = selectorOf(names, options);
  }

  /** The same; null where it selects none. */
  selected(effective: ServiceParameters): string | null {
    try {
      return this.select(effective);
    } catch {
      return null;
    }
  }

  /** Of a service that is there; null where nobody can tell. */
  of({ description }: ScheduledService): string | null {
    if (description === null) return null;
    try {
      return this.selected(this.options.effectiveOf?.(description) ?? description);
    } catch {
      return null;
    }
  }

  /** Whether it may be run by the component. */
  isAt(component: string, service: ScheduledService): boolean {
    const home = this.of(service);
    return home === null || home === component;
  }
}
