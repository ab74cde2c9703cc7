export { createScaler, type Scaler, type ScalerDeps } from './scaler';
export { DEFAULT_OPTIONS, scalerOptions, type ScalerIdentity, type ScalerOptions } from './options';
export type { DeploymentErrorRules } from './service/deployment-error';
export type { DecisionRecord } from './scale/journal';
export type { ScaleState } from './service/scale-state';
