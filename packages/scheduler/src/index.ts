export * from './port';
export type { Component } from './composite/component';
export { createCompositeScheduler, type CompositeOptions } from './composite/composite-scheduler';
export { createMarathonScheduler } from './marathon/marathon-scheduler';
export type { ImagePolicy, MarathonAuth, MarathonOptions } from './marathon/options';
