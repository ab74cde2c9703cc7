export { authorizeRequest } from './authorize';
export { compileDescription } from './compile';
export { approves, asksConsent } from './consent';
export type { CheckDescription, CompiledDescription } from './compile';
export { discoverTokens, hostWithoutPort, isApiPath, isApiRequest } from './discover';
export type { TokenDiscovery } from './discover';
export { attachDefaults, effectiveDescription, mergeParameters, metricGroupOf } from './effective';
export { instanceEnvironment } from './environment';
export type { EnvironmentInput } from './environment';
export { earlierServices, earlierTokens, fallbackUntilMs, serviceInUse } from './fallback';
export { descriptionHeaders } from './headers';
export type { DescriptionHeaders, HeaderMap } from './headers';
export { currentTokens, referenceOf, sourceTokensOf } from './references';
export type { Reference, SourceToken } from './references';
export { refuseUnsupportedHeaders, resolveService } from './resolve';
export type { ResolvedService, ResolveInput } from './resolve';
export { serviceIdOf } from './service-id';
export { builtInSettings } from './settings';
export type { DescriptionSettings } from './settings';
export { serviceStaleness, sourcesStaleness, staleDeadlineMs } from './staleness';
export type { Staleness, TokenLookup } from './staleness';
export { isRunAsRequester, requiresParameters, tokenMetadataInUse, tokenTemplate } from './templates';
export {
  asyncTimeouts,
  DEFAULT_ASYNC_RULES,
  DEFAULT_TIMEOUTS,
  grpcQueueTimeoutMs,
  requestTimeouts,
} from './timeouts';
export type { AsyncRules, RequestTimeouts } from './timeouts';
export { serviceEntryId, serviceEntryToken, tokenHash } from './token-hash';
export type { TokenData, TokenRecord } from './token-hash';
export { isMissingRunAsUser, validateDescription } from './validate';
export type { ValidateOptions } from './validate';
