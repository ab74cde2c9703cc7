import { portMappings, type AppDefinition } from '../apps/definition';
import type { Agent } from '../events/task-events';
import type { Task } from './task';

/** What is taken over from this server's own environment; the rest may hold its secrets. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'] as const;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** Marathon leaves out labels whose value is longer, and all once their sum is. */
const MAX_LABEL_CHARACTERS = 512;

export interface EnvironmentInput {
  readonly app: AppDefinition;
  readonly taskId: string;
  readonly host: string;
  readonly ports: readonly number[];
  readonly sandbox: string;
  readonly agentId: string;
  readonly frameworkId: string;
}

/** The environment of a task of this server. */
export function environmentOf({ app, id, ports, sandbox }: Task, agent: Agent): Record<string, string> {
  const { host, id: agentId, frameworkId } = agent;
  return taskEnvironment({ app, taskId: id, host, ports, sandbox, agentId, frameworkId }, process.env);
}

/** The environment of a task (4B.10). What the app sets wins over what is inherited, what the platform sets over both. */
export function taskEnvironment(
  input: EnvironmentInput,
  inherited: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const { app, ports } = input;
  const env: Record<string, string> = { PATH: DEFAULT_PATH };
  for (const name of INHERITED) {
    const value = inherited[name];
    if (value !== undefined) env[name] = value;
  }
  for (const [name, value] of Object.entries(app.env)) {
    // A secret reference is an object; there is no secret store here.
    if (typeof value === 'string') env[name] = value;
  }
  const declared = declaredPorts(app);
  ports.forEach((port, index) => {
    env[`PORT${index}`] = String(port);
    const { port: number, name } = declared[index] ?? {};
    if (number !== undefined && number !== 0) env[`PORT_${number}`] = String(port);
    if (name !== undefined) env[`PORT_${variableName(name)}`] = String(port);
  });
  return {
    ...env,
    HOST: input.host,
    ...(ports[0] === undefined ? {} : { PORT: String(ports[0]), PORTS: ports.join(',') }),
    MARATHON_APP_ID: app.id,
    MARATHON_APP_VERSION: app.version,
    MARATHON_APP_RESOURCE_CPUS: decimal(app.cpus),
    MARATHON_APP_RESOURCE_MEM: decimal(app.mem),
    MARATHON_APP_RESOURCE_DISK: decimal(app.disk),
    MARATHON_APP_RESOURCE_GPUS: String(app.gpus),
    ...dockerImage(app),
    ...labelVariables(app.labels),
    MESOS_TASK_ID: input.taskId,
    MESOS_EXECUTOR_ID: input.taskId,
    MESOS_SANDBOX: input.sandbox,
    MESOS_DIRECTORY: input.sandbox,
    MESOS_SLAVE_ID: input.agentId,
    MESOS_AGENT_ID: input.agentId,
    MESOS_FRAMEWORK_ID: input.frameworkId,
  };
}

/** Under which numbers and names a program may ask for its ports: those of the container where it has some. */
function declaredPorts({ portDefinitions, container }: AppDefinition) {
  if (portDefinitions !== undefined) return portDefinitions;
  return portMappings(container).map(({ containerPort, name }) => ({ port: containerPort, name }));
}

function dockerImage(app: AppDefinition): Record<string, string> {
  const docker = app.container?.['docker'];
  const image =
    typeof docker === 'object' && docker !== null && !Array.isArray(docker) ? docker['image'] : undefined;
  return typeof image === 'string' ? { MARATHON_APP_DOCKER_IMAGE: image } : {};
}

function labelVariables(labels: Readonly<Record<string, string>>): Record<string, string> {
  const variables: Record<string, string> = {};
  const names: string[] = [];
  for (const [label, value] of Object.entries(labels)) {
    if (value.length > MAX_LABEL_CHARACTERS || label.length > MAX_LABEL_CHARACTERS) continue;
    const name = variableName(label);
    names.push(name);
    variables[`MARATHON_APP_LABEL_${name}`] = value;
  }
  return { MARATHON_APP_LABELS: names.join(' '), ...variables };
}

const variableName = (text: string): string => text.toUpperCase().replace(/[^A-Z0-9_]/g, '_');

/** As the JVM prints a double: `1` is "1.0". */
const decimal = (value: number): string => (Number.isInteger(value) ? value.toFixed(1) : String(value));
