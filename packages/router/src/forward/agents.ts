import { Agent as HttpAgent, type AgentOptions } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isIP } from 'node:net';

/** Whether and by whom the certificates of instances are verified. */
export interface BackendTls {
  readonly rejectUnauthorized: boolean;
  /** Certificates in PEM that are trusted in place of the well-known ones. */
  readonly ca?: string;
}

/** Whom an instance's certificate must name; '' where the address says it all. Never what the client calls its host. */
export function servernameOf(host: string): string {
  return isIP(host) === 0 ? host : '';
}

/** Connections to instances. */
export interface Agents {
  /** @param fresh a connection that nobody used before */
  pick(protocol: 'http:' | 'https:', fresh: boolean): HttpAgent;
  destroy(): void;
}

/**
 * Pools per instance and protocol; the newest idle connection is used first, so that the others can end.
 * @param idleMs an idle connection is closed after so long, sooner when the instance says so (`Keep-Alive: timeout`)
 */
export function instanceAgents(idleMs: number, tls: BackendTls): Agents {
  const pooled: AgentOptions = {
    scheduling: 'lifo',
    keepAlive: true,
    timeout: idleMs,
    maxFreeSockets: 1_024,
  };
  const single: AgentOptions = { keepAlive: true, maxFreeSockets: 0 };
  const agents = {
    'http:': [new HttpAgent(pooled), new HttpAgent(single)],
    'https:': [new HttpsAgent({ ...pooled, ...tls }), new HttpsAgent({ ...single, ...tls })],
  } as const;
  return {
    pick: (protocol, fresh) => agents[protocol][fresh ? 1 : 0],
    destroy: () => {
      for (const pair of Object.values(agents)) for (const agent of pair) agent.destroy();
    },
  };
}
