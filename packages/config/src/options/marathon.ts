import Joi from 'joi';
import { choice, duration, list, optionalText, text, port } from '../option';
import { authenticatedHealthChecks, http2HealthChecks } from '../schedulers';
import { webUrl } from '../urls';

/** Where Marathon is, and what is asked of it. */
export const marathonOptions = {
  urls: list(
    webUrl,
    {
      default: ['http://127.0.0.1:8080'],
      alias: 'marathon',
      description: 'Marathon, or its replicas in the order in which they are tried.',
    },
    1,
  ),
  initCommands: list(Joi.string(), {
    default: [],
    description:
      'Put before the command of a service in `args` of its app (the original: `waiter-mesos-init`). ' +
      'Without any, the command is the `cmd` of the app.',
  }),
  homePathPrefix: text({
    default: '/home/',
    description: '`HOME` of an instance is this followed by its run-as-user.',
  }),
  username: optionalText({ description: 'For HTTP basic authentication.' }),
  password: optionalText({ description: 'For HTTP basic authentication.', secret: true }),
  token: optionalText({ description: 'For authentication by a token, instead.', secret: true }),
  tokenScheme: choice(['bearer', 'token'], {
    default: 'bearer',
    description:
      'How the token is sent: `Authorization: Bearer <token>`, or `token=<token>` as DC/OS wants it.',
  }),
  caFile: optionalText({
    description:
      'File with the certificates (PEM) of the authorities that sign those of Marathon over https.',
  }),
  image: choice(['ignore', 'refuse', 'mesos', 'docker'], {
    default: 'ignore',
    description:
      'What the parameter `image` of a service means: nothing, a refusal, or the container that its command runs in, by the ' +
      'Mesos or the Docker containerizer.',
  }),
  fetch: list(Joi.string().uri(), {
    default: [],
    description: 'What every instance finds in its sandbox; archives are unpacked, the rest is executable.',
  }),
  authenticatedHealthChecks,
  http2HealthChecks,
  requestTimeout: duration({ default: '10s', description: 'Time for one call to answer.' }),
  agentPort: port(5051, 'Port of the Mesos agents, whose files API shows what instances wrote.'),
  agentDirectory: optionalText({
    description:
      'Directory below which Mesos agents keep the sandboxes, such as `/var/lib/mesos/slaves`. With it the log ' +
      'directory of an instance is known. mini-marathon tells its own.',
  }),
  reconcile: duration({
    default: '5s',
    description: 'How often the whole list of apps is read, beside the event stream.',
  }),
} as const;
