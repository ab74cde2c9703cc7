import type { Json, ServiceParameters } from '../words';
import type { ErrorCause, ErrorClass } from '../errors';
import { WaiterError } from '../errors';
import { messageText } from '../messages';
import { isMap, own, pick } from '../json';
import type { JsonMap } from '../json';
import type { LineContext, ParameterDefinition } from '../parameters';
import { SERVICE_PARAMETERS } from '../parameters';
import { checkConstraints } from './constraints';
import { checkCrossFields } from './cross-fields';
import { profileParameters } from './profile';
import type { DescriptionSettings } from './settings';

export interface ValidateOptions {
  /** Tokens may leave required parameters to headers; a service may not. */
  readonly missingAllowed: boolean;
  readonly settings: DescriptionSettings;
  /** Also check that `authentication` (or its default) is a known scheme. */
  readonly checkAuthentication?: boolean;
  /** Added to the details of whatever is thrown. */
  readonly details?: Readonly<Record<string, Json>>;
  readonly errorClass?: ErrorClass;
  readonly errorCause?: ErrorCause;
}

const MISSING = 'missing-required-key';

/** @throws WaiterError 400 as spec services-and-tokens 3.1 says */
function checkAuthenticationScheme(parameters: ServiceParameters, settings: DescriptionSettings): void {
  const chosen = own(parameters, 'authentication') ?? own(settings.defaults, 'authentication') ?? 'standard';
  const known = ['disabled', 'standard', ...(settings.authenticationProviders ?? [])];
  if (typeof chosen === 'string' && known.includes(chosen)) return;
  const list = known
    .map((name) => `'${name}'`)
    .sort()
    .join(', ');
  throw new WaiterError(`authentication must be one of: ${list}`, {
    status: 400,
    errorClass: 'waiter.UnsupportedAuth',
    details: { authentication: chosen },
  });
}

/** Why the value is not accepted, or undefined. */
function fault(
  definition: ParameterDefinition,
  value: Json | undefined,
  missingAllowed: boolean,
): string | undefined {
  if (value === undefined) return definition.required && !missingAllowed ? MISSING : undefined;
  return definition.schema.validate(value, { convert: false }).error?.message;
}

/** Values the profile stands in for; an unknown profile is reported last, by the cross-field checks. */
function suppliedByProfile(parameters: ServiceParameters, settings: DescriptionSettings): JsonMap {
  const profile = own(parameters, 'profile');
  if (typeof profile !== 'string' || !Object.hasOwn(settings.profiles, profile)) return {};
  return profileParameters(profile, settings);
}

function friendlyLine(
  definition: ParameterDefinition,
  value: Json | undefined,
  context: LineContext,
  settings: DescriptionSettings,
): string {
  const line = definition.line(value, context);
  if (definition.name === 'env')
    return line + messageText('environment-variable-error-info', settings.messages);
  if (definition.name === 'metadata') return line + messageText('metadata-error-info', settings.messages);
  return line;
}

/**
 * Checks a description, whole or partial, in the order of spec services-and-tokens 3.1 to 3.3; the first failure
 * wins, except that all parameters of a wrong form are reported together. Keys that are no parameters are ignored.
 * @throws WaiterError 400; its `details.issue` names every parameter that is missing or of a wrong form
 */
export function validateDescription(parameters: ServiceParameters, options: ValidateOptions): void {
  const { settings, missingAllowed } = options;
  if (options.checkAuthentication === true) checkAuthenticationScheme(parameters, settings);

  const supplied = suppliedByProfile(parameters, settings);
  const context: LineContext = { profiles: Object.keys(settings.profiles) };
  const issue: Record<string, Json> = {};
  const lines: string[] = [];
  for (const definition of SERVICE_PARAMETERS) {
    const value = own(parameters, definition.name);
    const checked = value === undefined ? own(supplied, definition.name) : value;
    const reason = fault(definition, checked, missingAllowed);
    if (reason === undefined) continue;
    issue[definition.name] = reason;
    lines.push(friendlyLine(definition, value, context, settings));
  }

  const generic = messageText('invalid-service-description', settings.messages);
  const fail = (
    message: string,
    friendlyMessage?: string,
    more: Readonly<Record<string, Json>> = {},
  ): never => {
    throw new WaiterError(message, {
      status: 400,
      ...(friendlyMessage === undefined ? {} : { friendlyMessage }),
      ...(options.errorClass === undefined ? {} : { errorClass: options.errorClass }),
      ...(options.errorCause === undefined ? {} : { errorCause: options.errorCause }),
      details: {
        type: 'service-description-error',
        'service-description': { ...parameters },
        ...more,
        ...options.details,
      },
    });
  };

  // A missing run-as-user alone sends a browser to the consent page, so it is told only if all else is in order.
  const onlyRunAsUser = isOnlyMissingRunAsUser(issue);
  if (lines.length > 0 && !onlyRunAsUser) fail(generic, lines.join('\n'), { issue });
  const overLimit = checkConstraints(parameters, settings.constraints);
  if (overLimit !== undefined) fail(generic, overLimit);
  // Whoever the missing run-as-user will be, a namespace of `*` has become the same user by then.
  const present = onlyRunAsUser ? pick(parameters, (key) => key !== 'namespace') : parameters;
  const conflict = checkCrossFields(present, settings, generic);
  if (conflict !== undefined) fail(conflict);
  if (onlyRunAsUser) fail(generic, lines.join('\n'), { issue });
}

function isOnlyMissingRunAsUser(issue: Json | undefined): boolean {
  return isMap(issue) && Object.keys(issue).length === 1 && own(issue, 'run-as-user') === MISSING;
}

/**
 * Whether all that a request lacks is somebody to run as: the answer is then a redirect to the consent page
 * (spec: services-and-tokens 2.7).
 */
export function isMissingRunAsUser(error: unknown): boolean {
  return (
    error instanceof WaiterError &&
    error.details['type'] === 'service-description-error' &&
    isOnlyMissingRunAsUser(error.details['issue'])
  );
}
