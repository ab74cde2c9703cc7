import { knative } from './knative';
import { kubernetes } from './kubernetes';
import { oracle, type Foresight } from './oracle';
import { originalProduction, originalTest } from './original';
import type { Policy } from './policy';
import { predictive } from './predictive';
import { PREDICTIVE } from './predictive-constants';
import { targetTracking } from './target-tracking';

/** Policies that can run a service; the oracle is none of them. */
export const POLICIES: readonly Policy[] = [
  originalProduction,
  originalTest,
  knative,
  kubernetes,
  targetTracking,
  predictive(PREDICTIVE),
];

export const POLICY_NAMES: readonly string[] = [...POLICIES.map(({ name }) => name), 'oracle'];

/** @throws RangeError for a name that is not in `POLICIES` */
export function runnablePolicy(name: string): Policy {
  const found = POLICIES.find((policy) => policy.name === name);
  if (found === undefined) {
    throw new RangeError(`there is no policy "${name}"; there are ${POLICY_NAMES.join(', ')}`);
  }
  return found;
}

/** @throws RangeError for a name that is not in `POLICY_NAMES` */
export function policyNamed(name: string, future: () => Foresight): Policy {
  return name === 'oracle' ? oracle(future()) : runnablePolicy(name);
}
