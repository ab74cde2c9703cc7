import type { Request } from 'express';
import { REPORT_STYLE } from '@waiter/scaling';
import { jsonMapBody } from '../http/body';
import { valuesOf } from '../http/query';
import type { Reply, Route } from '../http/route';
import { PAGE_POLICY, PAGE_STYLE, simulatorPage } from '../simulate/page';
import { PAGE_SCRIPT } from '../simulate/page-script';
import { readComparison, readTicks } from '../simulate/requests';
import { Simulations, type Simulation } from '../simulate/simulations';

/**
 * The simulator (spec: scaling-and-schedulers 2.1): a page, and the same as JSON. `POST /sim` is the original's, whose
 * `client-curve` is data here and never source text; `POST /sim/requests` compares policies on a load, our own. Both
 * want a user, because they cost processor time; the original asked nobody.
 */
export function simRoutes(simulations = new Simulations()): Route[] {
  const run = async (simulation: Simulation): Promise<Reply> => ({
    headers: {
      'content-type': simulation.form === 'html' ? 'text/html; charset=utf-8' : 'application/json',
      'content-security-policy': PAGE_POLICY,
    },
    body: await simulations.run(simulation),
  });
  const file = (type: string, body: string): Reply => ({
    headers: { 'content-type': `${type}; charset=utf-8`, 'x-content-type-options': 'nosniff' },
    body,
  });
  return [
    {
      path: '/sim',
      auth: 'user',
      methods: {
        GET: () => ({
          headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': PAGE_POLICY },
          body: simulatorPage(),
        }),
        POST: async (request) =>
          run({
            kind: 'ticks',
            form: formOf(request),
            request: readTicks(await jsonMapBody(request)),
          }),
      },
    },
    {
      path: '/sim/requests',
      auth: 'user',
      methods: {
        POST: async (request) =>
          run({
            kind: 'comparison',
            form: formOf(request),
            request: readComparison(await jsonMapBody(request)),
          }),
      },
    },
    {
      path: '/sim/page.js',
      auth: 'user',
      methods: { GET: () => file('text/javascript', PAGE_SCRIPT) },
    },
    {
      path: '/sim/page.css',
      auth: 'user',
      methods: { GET: () => file('text/css', REPORT_STYLE + PAGE_STYLE) },
    },
  ];
}

const formOf = (request: Request): Simulation['form'] =>
  valuesOf(request, 'form').includes('html') ? 'html' : 'json';
