import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster';
import { DirectoryInUse, ServerLock } from '../state/server-lock';

const LOOK_EVERY_MS = 100;
/** Several may stand by: who still has the directory after this has won it. */
const SETTLE_MS = 50;

/** Waits until the data directory is nobody's, and takes it. @returns undefined when it was told to stop */
export async function elected(
  dataDir: string,
  create: () => Promise<Cluster>,
  signal: AbortSignal,
): Promise<Cluster | undefined> {
  while (!signal.aborted) {
    if (await won(dataDir)) {
      if (signal.aborted) return undefined;
      return create();
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
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
