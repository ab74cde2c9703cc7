import { autocannonCommand, parseAutocannon } from './autocannon';
import { hasWrk, parseWrk, wrkCommand } from './wrk';
import { run } from './run';

export interface LoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A script of wrk and its arguments; autocannon has none. */
  readonly script?: { readonly file: string; readonly args: readonly string[] };
  /** Bind the generator to this core. */
  readonly core: number | null;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Of responses, heads included; NaN where the generator does not tell. */
  readonly bytesPerSecond: number;
  /** Broken connections, timeouts, and responses that are not 2xx or 3xx. */
  readonly errors: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Beyond the load itself: for starting and for the last answers. */
const GRACE_MS = 20_000;

/** The generator that is used: wrk (the Debian package) where it is installed, else autocannon, which costs more CPU. */
export function generator(): 'wrk' | 'autocannon' {
  return hasWrk() ? 'wrk' : 'autocannon';
}

/** Keeps `connections` kept-alive connections busy for `seconds`. @throws Error when the generator fails */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const wrk = generator() === 'wrk';
  if (!wrk && options.script !== undefined) throw new Error('this load needs wrk (Debian package wrk)');
  const command = wrk ? wrkCommand(options) : autocannonCommand(options);
  const pinned =
    options.core === null ? command : ['taskset', '--cpu-list', String(options.core), ...command];
  const output = await run(pinned, options.seconds * 1000 + GRACE_MS);
  return wrk ? parseWrk(output) : parseAutocannon(output);
}
