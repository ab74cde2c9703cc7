export * from './port';
export {
  createCompositeScheduler,
  type Component,
  type CompositeOptions,
} from './composite/composite-scheduler';
export { createMarathonScheduler } from './marathon/marathon-scheduler';
export type { ImagePolicy, MarathonAuth, MarathonOptions } from './marathon/options';
