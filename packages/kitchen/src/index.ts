export { startKitchen, type RunningKitchen } from './kitchen';
export { selfSigned } from './self-signed';
export type { KitchenOptions, LogOutput } from './options';
export { kitchenCommand } from './command';
