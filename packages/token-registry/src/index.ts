export { tokenRouter } from './router';
export type { TokenRouterDependencies } from './dependencies';
