export { startKitchen, type RunningKitchen } from './kitchen';
export type { KitchenOptions, LogOutput } from './options';
export { kitchenCommand } from './command';
