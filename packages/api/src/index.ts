export { createApi } from './create-api';
export type { ApiDeps } from './deps';
