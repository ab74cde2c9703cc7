import { kitchenCommand } from '@waiter/kitchen';
import type { Fleet } from '../fleet';
import { kitchenService } from '../kitchen-service';
import type { Random } from './random';

/** Tokens that the soak uses, by what is done to their services. */
export const TOKENS = {
  /** Scales with its load, gets new versions, has instances killed and expired in good order. */
  busy: 'busy.soak',
  /** One request at a time on each instance. */
  single: 'single.soak',
  /** Its instances are made to crash. */
  crashing: 'crashing.soak',
  /** Speak what they are named after. */
  grpc: 'grpc.soak',
  h2c: 'h2c.soak',
  https: 'https.soak',
  h2: 'h2.soak',
} as const;

const QUICK_SCALING = { 'scale-up-factor': 0.5, 'scale-down-factor': 0.3, 'max-queue-length': 10_000 };
/** Earlier versions end soon after their last request, so that there is as much at the end as in the middle. */
const QUICK_END = { 'idle-timeout-mins': 1, 'stale-timeout-mins': 1 };

const MODEST = { 'concurrency-level': 6, 'min-instances': 1, 'max-instances': 2 };

const kitchen = (flags: string): string => `exec ${kitchenCommand()} -p $PORT0 ${flags}`;

const SERVICES: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  [TOKENS.busy, { 'concurrency-level': 6, 'min-instances': 1, 'max-instances': 5 }],
  [TOKENS.single, { 'concurrency-level': 1, 'min-instances': 2, 'max-instances': 6 }],
  [TOKENS.crashing, { 'concurrency-level': 4, 'min-instances': 2, 'max-instances': 3 }],
  [
    TOKENS.grpc,
    {
      ...MODEST,
      cmd: `exec ${kitchenCommand()} -p $PORT1 --grpc-port $PORT0`,
      ports: 2,
      'backend-proto': 'h2c',
      'health-check-proto': 'http',
      'health-check-port-index': 1,
    },
  ],
  [TOKENS.h2c, { ...MODEST, cmd: kitchen('--http2'), 'backend-proto': 'h2c' }],
  [TOKENS.https, { ...MODEST, cmd: kitchen('--ssl-self-signed'), 'backend-proto': 'https' }],
  [TOKENS.h2, { ...MODEST, cmd: kitchen('--ssl-self-signed --http2'), 'backend-proto': 'h2' }],
];

/** The fleet and the services on it. */
export class Stage {
  constructor(readonly fleet: Fleet) {}

  /** Registers the tokens; another version of them starts new instances while the old ones go on serving. */
  async register(version = '1'): Promise<void> {
    for (const [token, description] of SERVICES) {
      const service = kitchenService({ ...QUICK_SCALING, ...QUICK_END, ...description, version });
      await this.fleet.client().register(token, { ...service, 'fallback-period-secs': 60 });
    }
  }

  /** Of the newest version of a token. */
  async serviceOf(token: string): Promise<string> {
    const { status, body } = await this.fleet.client().get('/service-id', { 'x-waiter-token': token });
    if (status !== 200) throw new Error(`/service-id of ${token}: ${status} ${body.slice(0, 200)}`);
    return body.trim();
  }

  /** The port for TLS of any router. */
  tlsPort(random: Random): number {
    return random.pick(this.fleet.routers).tlsPort;
  }

  /** The port of any router. */
  port(random: Random): number {
    return this.fleet.client(random.whole(0, this.fleet.routers.length - 1)).port;
  }
}
