import { join } from 'node:path';
import { residentBytes } from '../cluster/memory';
import { load } from '../load/load';
import { run } from '../load/run';
import { loadAverage } from '../report/machine';
import type { Outcome } from '../report/measurement';
import { table } from '../report/table';
import { PLAIN_HEAD } from '../scenarios/heads';
import { TOKEN } from '../stage/stage';
import { holdIdle, withContenders, type ArenaOptions, type Contender } from './contenders';

export interface MemoryOptions extends ArenaOptions {
  readonly requests: number;
  readonly aborted: number;
  readonly idle: number;
  readonly connections: number;
}

const WARM_UP_SECONDS = 3;
/** One load at a time: what is left after it is what stays. */
const STEP_SECONDS = 3;
const ABORTS = join(__dirname, '..', 'programs', 'aborted-requests.js');
const ABORTS_MS = 120_000;
const MEGABYTE = 2 ** 20;

interface Bytes {
  readonly resident: number;
  /** null: that cannot be asked. */
  readonly inUse: number | null;
}

function difference(from: Bytes, to: Bytes): Bytes {
  const inUse = from.inUse === null || to.inUse === null ? null : to.inUse - from.inUse;
  return { resident: to.resident - from.resident, inUse };
}

function inWords({ resident, inUse }: Bytes, unit: number, decimals: number): string {
  const known = inUse === null ? '' : ` (${(inUse / unit).toFixed(decimals)} in use)`;
  return `${(resident / unit).toFixed(decimals)}${known}`;
}

/**
 * Memory at the start, after very many requests, after clients that hung up in the middle, and with idle connections. `in use`
 * is what a full collection leaves of heap and buffers: if that is flat, nothing leaks; resident memory is what the system sees.
 */
export function measureMemory(options: MemoryOptions): Promise<Outcome> {
  return withContenders('nginx', options, async ({ contenders, core, words }) => {
    const { requests, aborted, idle } = options;
    console.log(
      `memory in MB; ${requests} requests, then ${aborted} aborted ones, ${idle} idle connections; ${words}\n`,
    );
    const rows: string[][] = [];
    let errors = 0;
    for (const one of contenders) {
      const figures: string[] = [];
      const note = async (): Promise<Bytes> => {
        const inUse = (await one.memoryInUse?.()) ?? null;
        const bytes = { resident: residentBytes(one.pid), inUse };
        figures.push(inWords(bytes, MEGABYTE, 1));
        return bytes;
      };
      errors += await serve(one, options, core, 0);
      await note();
      errors += await serve(one, options, core, requests / 2);
      await note();
      errors += await serve(one, options, core, requests / 2);
      await note();
      await run([process.execPath, ABORTS, new URL(one.url).port, String(aborted), TOKEN], ABORTS_MS);
      errors += await serve(one, options, core, 0);
      const before = await note();
      const held = await holdIdle(one.url, idle);
      const beside = await note();
      await held.stop();
      figures.push(inWords(difference(before, beside), 1024 * idle, 1));
      rows.push([one.name, ...figures]);
      console.log(`${one.name}: ${figures.join(', ')}`);
    }
    const head = ['', 'start', 'half way', 'requests', 'aborted', 'with idle ones', 'KB per idle one'];
    console.log(`\n${table(head, rows)}\n`);
    console.log(`load average: ${loadAverage()}`);
    return { errors };
  });
}

/** At least so many requests; a few seconds of them for 0. @returns how many failed */
async function serve(
  { url }: Contender,
  { connections }: MemoryOptions,
  core: number | null,
  least: number,
): Promise<number> {
  const run = { url: `${url}/`, headers: PLAIN_HEAD, connections, core };
  let failed = 0;
  let done = 0;
  let seconds = least === 0 ? WARM_UP_SECONDS : STEP_SECONDS;
  do {
    const { requests, errors, perSecond } = await load({ ...run, seconds });
    done += requests;
    failed += errors;
    seconds = Math.max(1, Math.min(STEP_SECONDS, Math.ceil((least - done) / perSecond)));
  } while (done < least);
  return failed;
}
