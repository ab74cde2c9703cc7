import { normalise } from '../apps/normalise';
import { taskEnvironment } from './task-environment';

const app = normalise(
  {
    cmd: 'a',
    env: { A: 'app', PATH: '/app/bin', HOST: 'app', S: { secret: 's' } },
    labels: { 'my-label': 'v', long: 'x'.repeat(513) },
    portDefinitions: [{ port: 10_001, name: 'http-api' }, { port: 10_002 }],
    cpus: 0.5,
  },
  '/g/x',
  undefined,
  undefined,
  () => 0,
  '2020-01-01T00:00:00.000Z',
);
const env = taskEnvironment(
  {
    app,
    taskId: 'g_x.instance-1._app.1',
    host: '127.0.0.1',
    ports: [31_001, 31_002],
    sandbox: '/data/sandboxes/t',
    agentId: 'agent',
    frameworkId: 'framework',
  },
  { PATH: '/usr/bin', LANG: 'C', REDIS_PASSWORD: 'secret' },
);

describe('task environment (4B.10)', () => {
  it('has the ports in all their names', () => {
    expect(env).toMatchObject({
      HOST: '127.0.0.1',
      PORT: '31001',
      PORT0: '31001',
      PORT1: '31002',
      PORTS: '31001,31002',
      PORT_10001: '31001',
      PORT_HTTP_API: '31001',
      PORT_10002: '31002',
    });
  });

  it('has the app and the sandbox', () => {
    expect(env).toMatchObject({
      MARATHON_APP_ID: '/g/x',
      MARATHON_APP_VERSION: '2020-01-01T00:00:00.000Z',
      MARATHON_APP_RESOURCE_CPUS: '0.5',
      MARATHON_APP_RESOURCE_MEM: '128.0',
      MARATHON_APP_LABELS: 'MY_LABEL',
      MARATHON_APP_LABEL_MY_LABEL: 'v',
      MESOS_TASK_ID: 'g_x.instance-1._app.1',
      MESOS_SANDBOX: '/data/sandboxes/t',
    });
  });

  it('lets the app override what is inherited, and inherits nothing that is not named', () => {
    expect(env).toMatchObject({ A: 'app', PATH: '/app/bin', LANG: 'C' });
    expect(env).not.toHaveProperty('REDIS_PASSWORD');
    expect(env).not.toHaveProperty('S');
  });
});
