import { once } from 'node:events';
import { sleep } from '@waiter/testkit';
import { CourierClient, type CallEnd } from '@waiter/kitchen';
import type { Random } from '../random';
import { TOKENS, type Stage } from '../stage';
import type { Traffic } from '../traffic';

const OK = 0;
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
/** An answer takes no longer, else the call failed. */
const DEADLINE_MS = 60_000;
const SILENT_MS = 20_000;

type Call = (client: CourierClient, random: Random) => Promise<void>;

const CALLS: Readonly<Record<string, Call>> = {
  unary: async (client, random) => {
    const message = 'm'.repeat(random.whole(0, 100_000));
    const { answer } = expectOk(await client.sendPackage({ id: 'unary', message }, {}, inTime()), 'unary');
    if (answer?.message !== message) throw new Error('grpc unary: another message');
  },
  'client streaming': async (client, random) => {
    const count = random.whole(0, 50);
    const packages = Array.from({ length: count }, (_, n) => ({ id: String(n), message: 'm'.repeat(500) }));
    const { answer } = expectOk(await client.aggregatePackages(packages), 'client streaming');
    if (answer?.packages !== count) throw new Error(`grpc: ${answer?.packages} of ${count} packages`);
  },
  'server streaming': async (client, random) => {
    const message = 'm'.repeat(random.whole(0, 300));
    let received = '';
    for await (const piece of client.splitPackage({ id: 'split', message })) {
      received += (piece as { message: string }).message;
    }
    if (received !== message) throw new Error(`grpc: ${received.length} of ${message.length} pieces`);
  },
  'both streaming': async (client, random) => {
    const call = client.collectPackages({}, inTime());
    const ended = statusOf(call);
    const count = random.whole(1, 20);
    for (let n = 1; n <= count; n += 1) {
      call.write({ id: String(n), message: 'm'.repeat(200) });
      const [summary] = (await Promise.race([
        once(call, 'data'),
        ended.then((code) => Promise.reject(new Error(`grpc both streaming: status ${code}`))),
      ])) as [{ packages: number }];
      if (summary.packages !== n) throw new Error(`grpc: summary ${summary.packages} instead of ${n}`);
    }
    call.end();
    expectCode(await ended, [OK], 'both streaming');
  },
  cancelled: async (client, random) => {
    const call = client.collectPackages();
    const ended = statusOf(call);
    call.resume();
    call.write({ id: 'cancelled', sleepMs: 500 });
    await sleep(random.between(0, 300));
    call.cancel();
    expectCode(await ended, [CANCELLED], 'cancelled');
  },
  'out of time': async (client, random) => {
    const deadline = Date.now() + random.whole(1, 400);
    const { code } = await client.sendPackage({ id: 'late', sleepMs: SILENT_MS }, {}, { deadline });
    expectCode(code, [DEADLINE_EXCEEDED], 'out of time');
  },
};

/** Real gRPC in front and behind: unary and the three kinds of streams, calls that clients cancel, deadlines that pass. */
export function grpcTraffic(stage: Stage): Traffic {
  const clients = new Map<number, Promise<CourierClient>>();
  const clientOf = (port: number): Promise<CourierClient> => {
    let client = clients.get(port);
    if (client === undefined) {
      client = CourierClient.open(`127.0.0.1:${port}`, { 'x-waiter-token': TOKENS.grpc });
      clients.set(port, client);
    }
    return client;
  };
  return {
    name: 'grpc',
    clients: 3,
    pauseMs: 150,
    once: async (random) => CALLS[random.pick(NAMES)]?.(await clientOf(stage.port(random)), random),
    close: () => {
      for (const client of clients.values()) void client.then((open) => open.close());
    },
  };
}

const NAMES = Object.keys(CALLS);

const inTime = (): { deadline: number } => ({ deadline: Date.now() + DEADLINE_MS });

function expectOk<Answer>(end: CallEnd<Answer>, what: string): CallEnd<Answer> {
  if (end.code !== OK) throw new Error(`grpc ${what}: status ${end.code} ${end.details}`);
  return end;
}

function expectCode(code: number, wanted: readonly number[], what: string): void {
  if (!wanted.includes(code)) throw new Error(`grpc ${what}: status ${code}`);
}

/** Errors are told by the status as well. */
function statusOf(call: {
  on(event: 'status' | 'error', listener: (told: { code: number }) => void): unknown;
}): Promise<number> {
  return new Promise((resolve) => {
    call.on('error', () => undefined);
    call.on('status', ({ code }) => resolve(code));
  });
}
