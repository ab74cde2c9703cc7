export { AUTH_COOKIE, AuthCookies, EXPIRY_COOKIE } from './auth-cookies';
export type { CookieContent } from './auth-cookies';
export { identityOf } from './authenticator';
export type { Authentication, Authenticator, Identity, Refusal, RequestHeaders } from './authenticator';
export { CONSENT_COOKIE, ConsentCookies, rawConsent } from './consent-cookies';
export type { Consent } from './consent-cookies';
export { oneUser } from './one-user';
