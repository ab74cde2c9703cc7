import { waitFor } from '@waiter/testkit';
import { Store } from '@waiter/store';
import type { Stage } from './stage';

/** Idle leases go back after two seconds; the rest is for a busy machine. */
const GIVE_BACK_MS = 30_000;

/** @returns one sentence per service whose slots are still leased though nobody asks for it any more */
export async function leasesLeft({ fleet }: Stage): Promise<string[]> {
  const store = await Store.open({ url: fleet.redis.url, cluster: 'waiter' });
  try {
    const held = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const id of await store.services.ids()) {
        const usage = await store.leases.usage(id);
        if (usage.size > 0) found.push(`${id}: ${JSON.stringify(Object.fromEntries(usage))}`);
      }
      return found;
    };
    await waitFor('all leases to go back', async () => (await held()).length === 0, {
      timeoutMs: GIVE_BACK_MS,
    }).catch(() => undefined);
    return (await held()).map((what) => `slots are still leased: ${what}`);
  } finally {
    await store.close();
  }
}

/** Things that Node says when a program forgets to take listeners off, and what the roles themselves call faults. */
const SUSPICIOUS = /MaxListenersExceededWarning|UnhandledPromiseRejection|uncaught|"level":"error"/;

/** @returns the suspicious lines in the newest output of every role, the same ones once */
export function suspiciousLines({ fleet }: Stage): string[] {
  const found = new Set<string>();
  for (const { name, process } of [fleet.marathon, ...fleet.scalers, ...fleet.routers]) {
    for (const line of process.output().split('\n')) {
      if (SUSPICIOUS.test(line)) found.add(`${name}: ${line.slice(0, 300)}`);
    }
  }
  return [...found];
}
