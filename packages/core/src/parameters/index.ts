export type { HeaderForm, LineContext, ParameterDefinition } from './definition';
export * from './key-sets';
export { SERVICE_PARAMETERS, supportedProfiles } from './table';
export { CORS_METHODS, USER_METADATA, explainUserMetadata } from './user-metadata';
export type { UserMetadataDefinition } from './user-metadata';
