export { ownNames } from './own-names';
export { ServiceRegistrar } from './service-registrar';
export { ServiceResolver, type RequestTokens } from './service-resolver';
export { TokenCache, type TokenSource } from './token-cache';
