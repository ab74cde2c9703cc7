import type { ServiceParameters } from '../words';
import { own } from '../json';
import { supportedProfiles } from '../parameters';
import type { DescriptionSettings } from './settings';

const DEFAULT_COMMAND_TYPES = ['docker', 'shell'];

function checkOf(kind: 'health' | 'liveness', parameters: ServiceParameters): string | undefined {
  const authentication = own(parameters, `${kind}-check-authentication`);
  const portIndex = own(parameters, `${kind}-check-port-index`);
  const proto = own(parameters, `${kind}-check-proto`);
  const ports = own(parameters, 'ports');
  const backendProto = own(parameters, 'backend-proto');
  if (own(parameters, 'authentication') === 'disabled' && authentication === 'standard') {
    return `The ${kind} check authentication (standard) cannot be enabled when authentication (disabled) is disabled`;
  }
  if (typeof portIndex === 'number' && typeof ports === 'number' && portIndex >= ports) {
    return `The ${kind} check port index (${portIndex}) must be smaller than ports (${ports})`;
  }
  if (
    portIndex === 0 &&
    typeof proto === 'string' &&
    typeof backendProto === 'string' &&
    proto !== backendProto
  ) {
    return `The backend-proto (${backendProto}) and ${kind} check proto (${proto}) must match when ${kind}-check-port-index is zero`;
  }
  return undefined;
}

/**
 * Rules between parameters, and about values only the configuration knows (spec: services-and-tokens 3.2, items 2 to
 * 11). A rule applies when all its parameters are present: a token may pass here and fail when defaults join it.
 * @returns the message of the first broken rule
 */
export function checkCrossFields(
  parameters: ServiceParameters,
  settings: DescriptionSettings,
  generic: string,
): string | undefined {
  const min = own(parameters, 'min-instances');
  const max = own(parameters, 'max-instances');
  if (typeof min === 'number' && typeof max === 'number' && min > max) {
    return `${generic}\nmin-instances (${min}) must be less than or equal to max-instances (${max})`;
  }
  const commandType = own(parameters, 'cmd-type');
  if (
    typeof commandType === 'string' &&
    !(settings.commandTypes ?? DEFAULT_COMMAND_TYPES).includes(commandType)
  ) {
    return `Command type ${commandType} is not supported`;
  }
  const check = checkOf('health', parameters) ?? checkOf('liveness', parameters);
  if (check !== undefined) return check;

  const namespace = own(parameters, 'namespace');
  if (typeof namespace === 'string' && namespace !== own(parameters, 'run-as-user')) {
    return 'Service namespace must either be omitted or match the run-as-user.';
  }
  const profile = own(parameters, 'profile');
  if (typeof profile === 'string' && !Object.hasOwn(settings.profiles, profile)) {
    return `Unsupported profile: ${profile}, ${supportedProfiles(Object.keys(settings.profiles))}`;
  }
  return undefined;
}
