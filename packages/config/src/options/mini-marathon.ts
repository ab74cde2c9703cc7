import Joi from 'joi';
import { flag, integer, optionalText, text, port } from '../option';

/** Of mini-marathon, the scheduler for one machine. */
export const miniMarathonOptions = {
  host: text({
    default: '127.0.0.1',
    description: 'Address to listen on. It starts any command it is sent: keep it private.',
  }),
  port: port(8080, 'Port to listen on; 0 takes a free one.'),
  credentials: optionalText(
    {
      secret: true,
      description:
        '`user:password` that its API asks for. Logs of tasks stay open, as those of a Mesos agent do. Scalers and routers need ' +
        '`marathon.username` and `marathon.password` then.',
    },
    Joi.string().pattern(/^[^:]+:.+$/, 'a name, a colon and a password'),
  ),
  dataDir: text({
    default: '.waiter/mini-marathon',
    description: 'Where sandboxes of tasks and all its state are kept.',
  }),
  firstTaskPort: integer(1, 65_535, { default: 31_000, description: 'First of the ports that tasks get.' }),
  lastTaskPort: integer(1, 65_535, { default: 32_000, description: 'Last of the ports that tasks get.' }),
  keepSandboxes: integer(0, 100_000, {
    default: 200,
    description: 'How many sandboxes of ended tasks are kept.',
  }),
  keepTasks: flag({
    default: false,
    description:
      'Whether tasks go on when it is told to stop, for the next one to take over. Killed, it always leaves them.',
  }),
  standby: flag({
    default: false,
    description:
      'Whether a server whose data directory another one uses waits for it, and passes requests on to that one meanwhile.',
  }),
  enforceMemory: flag({
    default: true,
    description: 'Whether tasks that take more memory than their app has (`mem`, in MB) are ended.',
  }),
  taskHost: text({
    default: '127.0.0.1',
    alias: 'task-host',
    description: 'The host that is reported for tasks: what routers connect to.',
  }),
} as const;
