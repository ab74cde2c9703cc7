import type { Json } from '@waiter/core';
import type { AppDefinition, AppInput, PortMapping } from './definition';
import { portMappings } from './definition';

type Container = Readonly<Record<string, Json>>;

const isObject = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * A container as Marathon shows it since 1.5, defaults filled in: what older clients say below `docker` of ports and network has
 * moved to `container.portMappings` and `networks`.
 * @param previous whose service ports are kept where the input asks for "any"
 */
export function normaliseContainer(
  container: Container,
  previous: AppDefinition | undefined,
  servicePorts: () => number,
): Container {
  const { docker, portMappings: own, ...rest } = container;
  const given = portMappings(container);
  const before = portMappings(previous?.container);
  const mappings = given.map((mapping, index) => filled(mapping, before[index], servicePorts));
  return {
    type: 'MESOS',
    volumes: [],
    ...rest,
    ...(isObject(docker) ? { docker: dockerOf(docker, rest['type'] === 'DOCKER') } : {}),
    ...(mappings.length > 0 || own !== undefined ? { portMappings: mappings } : {}),
  };
}

function dockerOf(docker: Record<string, Json>, isDocker: boolean): Json {
  const moved = ['network', 'portMappings'];
  const rest = Object.fromEntries(Object.entries(docker).filter(([key]) => !moved.includes(key)));
  return isDocker
    ? { forcePullImage: false, parameters: [], privileged: false, ...rest }
    : { forcePullImage: false, ...rest };
}

function filled(
  mapping: PortMapping,
  before: PortMapping | undefined,
  servicePorts: () => number,
): Record<string, Json> {
  const asked = mapping.servicePort ?? 0;
  return {
    containerPort: 0,
    hostPort: 0,
    labels: {},
    protocol: 'tcp',
    ...mapping,
    servicePort: asked === 0 ? (before?.servicePort ?? servicePorts()) : asked,
  };
}

/** The networks that an older client names below `docker` and `ipAddress`; undefined where it names none. */
export function impliedNetworks(input: AppInput): AppDefinition['networks'] | undefined {
  const docker = input.container?.['docker'];
  const network = isObject(docker) ? docker['network'] : undefined;
  const address = input.ipAddress;
  if (network === 'HOST') return [{ mode: 'host' }];
  if (network === 'BRIDGE') return [{ mode: 'container/bridge' }];
  if (address === undefined && network !== 'USER') return undefined;
  const { networkName, labels } = address ?? {};
  return [
    {
      mode: 'container',
      ...(networkName === undefined ? {} : { name: networkName }),
      ...(labels === undefined ? {} : { labels }),
    },
  ];
}

/** Whether its ports are those of a container rather than those of the host. */
export function isInContainer({ container, networks }: AppDefinition): boolean {
  return (
    portMappings(container).length > 0 || networks.some((one) => isObject(one) && one['mode'] !== 'host')
  );
}

/** Without ports of the app itself; on a bridge there is at least one of the container. */
export function withContainerPorts(app: AppDefinition, servicePorts: () => number): AppDefinition {
  const rest = Object.fromEntries(
    Object.entries(app).filter(([key]) => key !== 'portDefinitions'),
  ) as AppDefinition;
  const bridged = app.networks.some((one) => isObject(one) && one['mode'] === 'container/bridge');
  if (!bridged || portMappings(app.container).length > 0) return rest;
  const byDefault = filled({ name: 'default' }, undefined, servicePorts);
  return { ...rest, container: { ...app.container, portMappings: [byDefault] } };
}
