import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster';
import { DirectoryInUse, ServerLock } from '../state/server-lock';

const LOOK_EVERY_MS = 100;
/** Several may stand by: who still has the directory after this has won it. */
const SETTLE_MS = 50;

/** As long as one that has just abdicated lets others try first. */
export const ABDICATED_MS = 2000;

/**
 * Waits until the data directory is nobody's, and takes it.
 * @param pauseMs before it tries to
 * @returns undefined when it was told to stop
 */
export async function elected(
  dataDir: string,
  create: () => Promise<Cluster>,
  signal: AbortSignal,
  pauseMs = 0,
): Promise<Cluster | undefined> {
  const withdraw = ServerLock.standBy(dataDir);
  try {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    while (!signal.aborted) {
      if (await won(dataDir)) return signal.aborted ? undefined : await create();
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  } finally {
    withdraw();
  }
}

async function won(dataDir: string): Promise<boolean> {
  try {
    const lock = ServerLock.take(dataDir);
    await sleep(SETTLE_MS);
    return lock.isOurs();
  } catch (error) {
    if (error instanceof DirectoryInUse) return false;
    throw error;
  }
}
