export { simulateTicks } from './original/simulate-ticks';
export {
  TICK_SIMULATION_DEFAULTS,
  type ClientCurve,
  type TickSimulationConfig,
} from './original/simulation-config';
export type { TickState } from './original/tick-state';
export { arrivalTimes, parseTrace, traceLengthMs, type ArrivalTrace } from './arrivals';
export { patternTrace, PATTERN_KINDS, type Pattern, type PatternKind } from './patterns';
export { DISTRIBUTION_KINDS, type Distribution, type DistributionKind } from './distribution';
export { foresee } from './foresee';
export type { Figures } from './figures';
export type { Sample } from './timeline';
export {
  simulateRequests,
  type RequestSimulationOptions,
  type RequestSimulationResult,
} from './simulate-requests';
export { comparePolicies, type Comparison } from './compare-policies';
export { normal, randomStream, type Random } from './random';
export {
  parseClientCurve,
  runComparison,
  runTicks,
  tickStateOnWire,
  type ComparisonRequest,
  type TickRequest,
} from './simulation-request';
