export type { Logger as MiniMarathonLogger } from './logger';
export type { MiniMarathonOptions } from './options';
export type { MiniMarathon } from './server';
export { startMiniMarathon } from './server';
