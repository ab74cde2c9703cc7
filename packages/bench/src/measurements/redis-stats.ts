import { connect } from 'node:net';

/** Calls of each Redis command since the server started, those of scripts included. */
export type CommandCounts = ReadonlyMap<string, number>;

const TIMEOUT_MS = 5_000;

/** Asks `INFO commandstats`. (By hand: ioredis lives in the store package.) @throws Error when Redis does not answer */
export async function commandCounts(port: number): Promise<CommandCounts> {
  return parseCommandStats(await info(port, 'commandstats'));
}

/** Bytes that the server read from clients and wrote to them since it started. @throws Error when Redis does not answer */
export async function bytesMoved(port: number): Promise<{ readonly read: number; readonly written: number }> {
  const text = await info(port, 'stats');
  const field = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1] ?? NaN);
  return { read: field('total_net_input_bytes'), written: field('total_net_output_bytes') };
}

function info(port: number, section: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: TIMEOUT_MS });
    const chunks: Buffer[] = [];
    socket.once('connect', () => socket.write(`INFO ${section}\r\nQUIT\r\n`));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    socket.once('error', reject);
    socket.once('timeout', () => socket.destroy(new Error('Redis does not answer')));
  });
}

/** `cmdstat_<command>:calls=<n>,...` line by line. What this measurement itself asks is left out. */
export function parseCommandStats(text: string): CommandCounts {
  const counts = new Map<string, number>();
  for (const [, command = '', calls] of text.matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)) {
    if (command !== 'info' && command !== 'quit') counts.set(command, Number(calls));
  }
  return counts;
}

/** What was called between two counts; commands that were not are left out. */
export function callsBetween(before: CommandCounts, after: CommandCounts): CommandCounts {
  const calls = [...after].map(([command, count]) => [command, count - (before.get(command) ?? 0)] as const);
  return new Map(calls.filter(([, count]) => count > 0));
}

export function totalOf(counts: CommandCounts): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
