import type { ServiceParameters } from '@waiter/core';
import { SchedulerError } from '../port';

export interface SelectionOptions {
  /** Of a service that says nothing. */
  readonly defaultScheduler: string;
  /** Of a service with an `image`; by default images choose nothing. */
  readonly imageScheduler?: string;
}

/** Chooses a component by the effective description of a service. @throws SchedulerError with status 400 */
export type Selector = (effective: ServiceParameters) => string;

/**
 * The selectors of 6.5: the parameter `scheduler` decides, or, where there is a scheduler for images, whether there is an
 * `image`; else the default.
 * @throws TypeError where an option names no component
 */
export function selectorOf(names: readonly string[], options: SelectionOptions): Selector {
  const { defaultScheduler, imageScheduler } = options;
  for (const name of [defaultScheduler, imageScheduler]) {
    if (name !== undefined && !names.includes(name)) {
      throw new TypeError(`there is no scheduler "${name}"; there are ${names.join(', ')}`);
    }
  }
  const wanted = ({ scheduler, image }: ServiceParameters): string => {
    if (typeof scheduler === 'string') return scheduler;
    return typeof image === 'string' && imageScheduler !== undefined ? imageScheduler : defaultScheduler;
  };
  return (effective) => {
    const name = wanted(effective);
    if (names.includes(name)) return name;
    const message = `No matching scheduler found! There is no "${name}"; there are ${names.join(', ')}`;
    throw new SchedulerError(message, 400, false);
  };
}
