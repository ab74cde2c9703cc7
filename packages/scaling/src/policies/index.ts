export { within, type Observation, type Policy, type PolicyDecision, type PolicyLimits } from './policy';
export { original, originalProduction, originalTest } from './original';
export { knative } from './knative';
export { kubernetes } from './kubernetes';
export { targetTracking } from './target-tracking';
export { oracle, type Foresight } from './oracle';
export { predictive, type PredictiveMemory } from './predictive';
export { PREDICTIVE, type PredictiveConstants } from './predictive-constants';
export { POLICIES, POLICY_NAMES, policyNamed, runnablePolicy } from './registry';
