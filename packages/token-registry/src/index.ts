export { tokenRouter } from './router';
export type { TokenRouterDependencies } from './dependencies';
export { tokenWatchState } from './watch-state';
