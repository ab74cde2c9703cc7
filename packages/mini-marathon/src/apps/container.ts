import type { Json } from '@waiter/core';
import type { AppDefinition, PortMapping } from './definition';
import { portMappings } from './definition';

type Container = Readonly<Record<string, Json>>;

const isObject = (value: Json | undefined): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const objectOf = (value: Json | undefined): Readonly<Record<string, Json>> | undefined =>
  isObject(value) ? value : undefined;

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
  // What moved elsewhere, and what the Mesos containerizer has not.
  const left = ['network', 'portMappings', ...(isDocker ? [] : ['privileged', 'parameters'])];
  const rest = Object.fromEntries(Object.entries(docker).filter(([key]) => !left.includes(key)));
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

/** Whether its ports are those of a container rather than those of the host. */
export function isInContainer({ networks }: AppDefinition): boolean {
  return networks.some((one) => objectOf(one)?.['mode'] !== 'host');
}

/** On the network of the host a container has no ports of its own: those of the app are meant. */
export function withHostPorts(app: AppDefinition): AppDefinition {
  if (app.container?.['portMappings'] === undefined) return app;
  return { ...app, container: without(app.container, 'portMappings') };
}

/**
 * Without ports of the app itself: the container has at least as many as were asked for, and one in any case.
 * @param asked how many ports the input asks of the app
 */
export function withContainerPorts(
  app: AppDefinition,
  asked: number,
  servicePorts: () => number,
): AppDefinition {
  const rest = without(app, 'portDefinitions');
  const own = portMappings(app.container);
  const given = own.length > 0 ? own : [filled({ name: 'default' }, undefined, servicePorts)];
  const missing = Math.max(0, asked - given.length);
  const more = Array.from({ length: missing }, () => filled({}, undefined, servicePorts));
  const container = app.container ?? { type: 'MESOS', volumes: [] };
  return { ...rest, requirePorts: false, container: { ...container, portMappings: [...given, ...more] } };
}

function without<T extends object, K extends keyof T & string>(value: T, key: K): Omit<T, K> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as Omit<T, K>;
}
