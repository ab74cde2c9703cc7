import { join } from 'node:path';
import { TOKEN } from '../stage/stage';
import type { LoadResult } from './load';
import { run } from './run';

/** Beyond the load itself: for starting and for the last answers. */
const GRACE_MS = 20_000;

/** Load by one of our programs, for what wrk does not speak; it tells its result as JSON. */
export const loadBy =
  (program: 'websocket-load' | 'grpc-load') =>
  async (options: {
    readonly url: string;
    readonly connections: number;
    readonly seconds: number;
    readonly core: number | null;
  }): Promise<LoadResult> => {
    const { url, connections, seconds, core } = options;
    const file = join(__dirname, '..', 'programs', `${program}.js`);
    const command = [process.execPath, file, new URL(url).port, String(connections), String(seconds), TOKEN];
    const pinned = core === null ? command : ['taskset', '--cpu-list', String(core), ...command];
    const lines = (await run(pinned, seconds * 1000 + GRACE_MS)).trimEnd().split('\n');
    const result = lines.find((line) => line.startsWith('{'));
    for (const line of lines) if (line !== result) console.log(line);
    if (result === undefined) throw new Error(`${program} told nothing`);
    return JSON.parse(result) as LoadResult;
  };
