import { parentPort, workerData } from 'node:worker_threads';
import {
  describeComparison,
  reportBody,
  runComparison,
  runTicks,
  tickReport,
  tickStateOnWire,
} from '@waiter/scaling';
import type { Simulation } from './simulations';

/** One simulation, one thread: it answers with what to send, or with what is wrong with the parameters. */
function run(simulation: Simulation): { readonly body: string } | { readonly refusal: string } {
  try {
    return { body: simulation.kind === 'ticks' ? ticks(simulation) : comparison(simulation) };
  } catch (error) {
    if (error instanceof RangeError) return { refusal: error.message };
    throw error;
  }
}

function ticks({ request, form }: Extract<Simulation, { kind: 'ticks' }>): string {
  const states = runTicks(request);
  return form === 'html' ? tickReport(states) : JSON.stringify(states.map(tickStateOnWire));
}

function comparison({ request, form }: Extract<Simulation, { kind: 'comparison' }>): string {
  const { title, results } = runComparison(request);
  const requests = results[0]?.requests ?? 0;
  if (form === 'json') return JSON.stringify({ ...request, load: undefined, title, results });
  const description = `${title}, ${requests} requests, ${describeComparison(request)}`;
  return reportBody({ description, results });
}

parentPort?.postMessage(run(workerData as Simulation));
