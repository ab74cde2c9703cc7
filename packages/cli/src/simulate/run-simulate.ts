import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { formatDuration } from '@waiter/core';
import {
  comparePolicies,
  describeComparison,
  formatTable,
  htmlReport,
  parseTrace,
  patternTrace,
  traceLengthMs,
  type ArrivalTrace,
  type RequestSimulationResult,
} from '@waiter/scaling';
import { UsageError } from '../usage-error';
import { readComparison, readPattern, type SimulateFlags } from './simulate-flags';

const PLOT_SAMPLES = 600;

/**
 * `waiter simulate [trace]`: runs a load under several policies.
 * @returns what to print
 * @throws UsageError for flags or a trace that cannot be used
 */
export function runSimulate(file: string | undefined, flags: SimulateFlags): string {
  const comparison = readComparison(flags);
  const trace = file === undefined ? synthetic(flags, comparison.seed) : fromFile(file);
  const html = typeof flags['html'] === 'string' ? flags['html'] : null;
  const results = compare({ ...comparison, trace, samples: html === null ? 0 : PLOT_SAMPLES });
  const title = `${trace.name}: ${results[0]?.requests ?? 0} requests in ${formatDuration(traceLengthMs(trace))}`;
  const description = describeComparison(comparison);
  if (html !== null) writeFileSync(html, htmlReport({ title, description, results }));
  if (flags['json'] === true) return json(trace, comparison, results);
  const written = html === null ? '' : `\nreport: ${html}`;
  return `${title}\n${description}\n\n${formatTable(results)}${written}\n`;
}

function compare(comparison: Parameters<typeof comparePolicies>[0]): RequestSimulationResult[] {
  try {
    return comparePolicies(comparison);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

function fromFile(file: string): ArrivalTrace {
  try {
    return parseTrace(basename(file), readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function synthetic(flags: SimulateFlags, seed: number): ArrivalTrace {
  const { pattern, lengthMs } = readPattern(flags);
  return patternTrace(pattern, lengthMs, seed);
}

function json(trace: ArrivalTrace, comparison: object, results: readonly RequestSimulationResult[]): string {
  const load = { name: trace.name, stepMs: trace.stepMs, lengthMs: traceLengthMs(trace) };
  const figures = results.map(({ timeline: _timeline, ...rest }) => rest);
  return `${JSON.stringify({ trace: load, ...comparison, results: figures }, null, 2)}\n`;
}
