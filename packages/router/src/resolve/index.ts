export { Fallback, type LatestService } from './fallback';
export { ownNames } from './own-names';
export { ServiceHealth } from './service-health';
export { ServiceRegistrar } from './service-registrar';
export { ServiceResolver, type RequestTokens } from './service-resolver';
export { TokenCache, type TokenSource } from './token-cache';
