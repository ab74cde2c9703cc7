import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';

/** Connections to instances. */
export interface Agents {
  /** @param fresh a connection that nobody used before */
  pick(protocol: 'http:' | 'https:', fresh: boolean): HttpAgent;
  destroy(): void;
}

/**
 * Pools per instance and protocol; the newest idle connection is used first, so that the others can end. Instances with
 * TLS are not verified: they have no name that anybody certified (spec: request-path 5.5).
 * @param idleMs an idle connection is closed after so long, sooner when the instance says so (`Keep-Alive: timeout`)
 */
export function instanceAgents(idleMs: number): Agents {
  const pooled: AgentOptions = {
    scheduling: 'lifo',
    keepAlive: true,
    timeout: idleMs,
    maxFreeSockets: 1_024,
  };
  const single: AgentOptions = { keepAlive: true, maxFreeSockets: 0 };
  const agents = {
    'http:': [new HttpAgent(pooled), new HttpAgent(single)],
    'https:': [
      new HttpsAgent({ ...pooled, rejectUnauthorized: false }),
      new HttpsAgent({ ...single, rejectUnauthorized: false }),
    ],
  } as const;
  return {
    pick: (protocol, fresh) => agents[protocol][fresh ? 1 : 0],
    destroy: () => {
      for (const pair of Object.values(agents)) for (const agent of pair) agent.destroy();
    },
  };
}
