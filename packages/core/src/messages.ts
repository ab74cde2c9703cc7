import { own } from './json';

/** Texts that an operator may replace (spec: services-and-tokens 5.12, `messages`). */
const BUILT_IN = {
  'cannot-run-as-user': "Authenticated user '{authenticated-user}' cannot run as user '{run-as-user}'",
  'cannot-identify-service': 'Unable to identify service using waiter headers/token',
  'environment-variable-error-info': '',
  'invalid-service-description': 'Service description using waiter headers/token improperly configured',
  'metadata-error-info': '',
  'not-found': 'Not found',
} as const;

export type MessageKey = keyof typeof BUILT_IN;

/** The configured text, with `{name}` replaced by the given values. */
export function messageText(
  key: MessageKey,
  overrides: Readonly<Record<string, string>> = {},
  values: Readonly<Record<string, string>> = {},
): string {
  const text = own(overrides, key) ?? BUILT_IN[key];
  return text.replace(/\{([a-z-]+)\}/g, (whole, name: string) => own(values, name) ?? whole);
}
