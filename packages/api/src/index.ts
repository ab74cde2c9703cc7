export { createApi } from './create-api';
export type { ApiDeps } from './deps';
export type { Authentication, Authenticator, Identity } from './authenticate/authenticator';
export { oneUser } from './authenticate/one-user';
