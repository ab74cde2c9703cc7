import type { Json } from '@waiter/core';
import { invalidObject, type ErrorDetail } from '../api-error';
import { constraintError } from './constraint';
import { objectOf } from './container';
import { portCount, portMappings, portNames } from './definition';
import type { AppDefinition, AppInput, HealthCheck } from './definition';
import { networkErrors } from './network-rules';
import { absoluteId, ID_ERROR, isValidId } from './path-id';

/** Yields what is wrong, each as a path in Marathon's notation and a message in its words (4B.2). */
type Wrong = Generator<readonly [path: string, error: string]>;

/**
 * Rules between the older and the newer spelling of one thing, which only what the client sent can break.
 * @throws ApiError 422
 */
export function checkInput(input: AppInput): void {
  refuse(inputErrors(input));
}

/** Rules between fields of the finished definition. @throws ApiError 422 */
export function checkRules(app: AppDefinition): void {
  refuse(ruleErrors(app));
}

function* inputErrors(input: AppInput): Wrong {
  const { ports = [], portDefinitions = [], ipAddress } = input;
  const docker = objectOf(input.container?.['docker']);
  const defined = portDefinitions.map(({ port = 0 }) => port);
  if ((input.uris ?? []).length > 0 && (input.fetch ?? []).length > 0)
    yield ['/uris', 'may not be set in conjunction with fetch'];
  if (hasTwice(ports)) yield ['/', 'ports must be unique'];
  if (hasTwice(defined)) yield ['/portDefinitions', 'Ports must be unique.'];
  if (ipAddress !== undefined && ports.length + portDefinitions.length > 0)
    yield ['/', 'cannot specify both an IP address and port'];
  if (ports.length > 0 && defined.length > 0 && defined.join() !== ports.join())
    yield ['/', 'cannot specify both ports and port definitions'];
  if (ipAddress?.discovery !== undefined && input.container?.['type'] === 'DOCKER')
    yield ['/ipAddress', 'ipAddress/discovery is not allowed for Docker containers'];
  if (ipAddress !== undefined && (input.networks ?? []).length > 0)
    yield ['/', 'must not specify both networks and ipAddress'];
  if (docker?.['network'] !== undefined && (input.networks ?? []).length > 0)
    yield ['/', 'must not specify both container.docker.network and networks'];
}

/** 0 asks for any. */
function hasTwice(ports: readonly number[]): boolean {
  const given = ports.filter((port) => port !== 0);
  return new Set(given).size < given.length;
}

function* ruleErrors(app: AppDefinition): Wrong {
  if (!isValidId(app.id)) yield ['/id', ID_ERROR];
  yield* commandErrors(app);
  yield* networkErrors(app.networks);
  yield* portErrors(app);
  for (const [index, check] of app.healthChecks.entries()) yield* healthCheckErrors(app, check, index);
  const byMesos = app.healthChecks.filter(
    ({ protocol, command }) => command === undefined && protocol.startsWith('MESOS_'),
  );
  if (byMesos.length > 1) yield ['/', 'AppDefinition can contain at most one Mesos health check'];
  yield* readinessErrors(app);
  for (const [index, constraint] of app.constraints.entries()) {
    const error = constraintError(constraint as readonly string[]);
    if (error !== undefined) yield [`/constraints(${index})`, error];
  }
  if (app.acceptedResourceRoles?.length === 0) yield ['/acceptedResourceRoles', 'must not be empty'];
  yield* singleInstanceErrors(app);
  yield* unreachableErrors(objectOf(app.unreachableStrategy));
  for (const dependency of app.dependencies) {
    if (absoluteId(dependency) === app.id) yield ['/dependencies', 'An app must not depend on itself.'];
  }
}

function* commandErrors({ cmd, args = [], container }: AppDefinition): Wrong {
  const byCmd = cmd !== undefined;
  const byArgs = args.length > 0;
  const image = objectOf(container?.['docker']) ?? objectOf(container?.['appc']);
  if ((byCmd && byArgs) || (!byCmd && !byArgs && image === undefined))
    yield ['/', "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'."];
  if (container?.['type'] === 'DOCKER' && container['docker'] === undefined)
    yield ['/container/docker', 'not defined'];
  if (image?.['image'] === '') yield ['/container/docker/image', 'must not be empty'];
}

function* portErrors(app: AppDefinition): Wrong {
  const path = app.portDefinitions === undefined ? '/container/portMappings' : '/portDefinitions';
  const names = portNames(app).filter((name) => name !== undefined);
  if (new Set(names).size < names.length) yield [path, 'Port names must be unique.'];
  if (app.networks.filter((network) => objectOf(network)?.['mode'] === 'container').length > 1) {
    for (const [index, { hostPort, networkNames }] of portMappings(app.container).entries()) {
      const named = Array.isArray(networkNames) ? networkNames.length : 0;
      if (hostPort !== undefined && named !== 1) {
        const error =
          'networkNames must be a single item list when hostPort is specified and more than 1 container network is defined';
        yield [`${path}(${index})`, error];
      }
    }
  }
}

function* healthCheckErrors(app: AppDefinition, check: HealthCheck, index: number): Wrong {
  const path = `/healthChecks(${index})`;
  const isCommand = check.protocol === 'COMMAND';
  if (isCommand !== (check.command !== undefined)) {
    yield [path, 'Health check protocol must match supplied fields.'];
  } else if (
    !isCommand &&
    !check.protocol.startsWith('MESOS') &&
    check.port === undefined &&
    (check.portIndex ?? 0) >= portCount(app)
  ) {
    yield [
      path,
      'Health check port indices must address an element of the ports array or container port mappings.',
    ];
  }
}

function* readinessErrors(app: AppDefinition): Wrong {
  const { readinessChecks } = app;
  if (readinessChecks.length > 1)
    yield ['/readinessChecks', `got ${readinessChecks.length}, expected 1 or less`];
  for (const [index, check] of readinessChecks.entries()) {
    const { portName, timeoutSeconds, intervalSeconds, httpStatusCodesForReady } = check;
    const path = `/readinessChecks(${index})`;
    if (!portNames(app).includes(portName))
      yield [`${path}/portName`, `No port definition reference for portName ${portName}`];
    if (timeoutSeconds >= intervalSeconds)
      yield [`${path}/timeoutSeconds`, `got ${timeoutSeconds}, expected less than ${intervalSeconds}`];
    if (httpStatusCodesForReady.length === 0) yield [`${path}/httpStatusCodesForReady`, 'must not be empty'];
  }
}

const SINGLE_INSTANCE = 'MARATHON_SINGLE_INSTANCE_APP';

function* singleInstanceErrors({ labels, instances, upgradeStrategy }: AppDefinition): Wrong {
  if (labels[SINGLE_INSTANCE] !== 'true') return;
  if (instances > 1) yield ['/', 'Single instance app may only have one instance'];
  for (const [name, value] of Object.entries(upgradeStrategy)) {
    if (value !== 0) yield [`/upgradeStrategy/${name}`, `got ${value}, expected 0.0`];
  }
}

function* unreachableErrors(strategy: Readonly<Record<string, Json>> | undefined): Wrong {
  const { inactiveAfterSeconds: inactive, expungeAfterSeconds: expunge } = strategy ?? {};
  if (typeof inactive !== 'number' || typeof expunge !== 'number' || inactive <= expunge) return;
  const error = `got ${inactive}, expected ${expunge} or less`;
  yield ['/unreachableStrategy/inactiveAfterSeconds', error];
}

/** One entry per path, its messages in order of appearance. */
function refuse(wrong: Wrong): void {
  const byPath = new Map<string, string[]>();
  for (const [path, error] of wrong) byPath.set(path, [...(byPath.get(path) ?? []), error]);
  const details: ErrorDetail[] = [...byPath].map(([path, errors]) => ({ path, errors }));
  if (details.length > 0) throw invalidObject(details);
}
