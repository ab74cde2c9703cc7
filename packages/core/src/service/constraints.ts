import type { ServiceParameters } from '../words';
import { numberText } from '../canonical-text';
import { own } from '../json';
import type { DescriptionSettings } from './settings';

/** The line for parameters above their configured limits, or undefined (spec: services-and-tokens 3.2, item 1). */
export function checkConstraints(
  parameters: ServiceParameters,
  constraints: DescriptionSettings['constraints'],
): string | undefined {
  const over: string[] = [];
  for (const [name, { max }] of Object.entries(constraints).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const value = own(parameters, name);
    if (typeof value === 'string' && value.length > max)
      over.push(`${name} must be at most ${max} characters`);
    if (typeof value === 'number' && value > max) {
      over.push(`${name} is ${numberText(value)} but the max allowed is ${max}`);
    }
  }
  return over.length === 0
    ? undefined
    : `The following fields exceed their allowed limits: ${over.join(', ')}`;
}
