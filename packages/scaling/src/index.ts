export { DEFAULT_SCALING, scalingConfig, assertScalingConfig, type ScalingConfig } from './scaling-config';
export {
  scaleService,
  normalizeFactor,
  idealInstances,
  type ScalingState,
  type ScaleResult,
} from './scale-service';
export { quantaLimit, DEFAULT_QUANTA, type Resources } from './quanta';
export { chooseKills, effectiveLoadBalancing, type KillCandidate, type KillRules } from './choose-kills';
export { DEFAULT_LIMITS } from './observe';
export { decide } from './decide';
export { explainDecision, type ExplanationLine } from './explain';
export { adviceDue, askPolicy, type Advice, type PolicyState } from './advice';
export type {
  Carried,
  Decision,
  DecisionInput,
  DecisionInputs,
  DecisionLimits,
  ScalingStateLabel,
  SchedulerCounts,
} from './decision';
export * from './policies';
export * from './simulator';
export * from './report';
