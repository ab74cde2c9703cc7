export * from './port';
export { createMarathonScheduler } from './marathon/marathon-scheduler';
export type { MarathonAuth, MarathonOptions } from './marathon/options';
