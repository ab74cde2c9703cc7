import { isMap, own, type Json } from '@waiter/core';
import type { ControlApi } from './control-api';
import { servicesOf, type MeantService } from './services-of';

export interface ExplainOptions {
  /** Decisions of each service to begin with. */
  readonly length: number;
  readonly json: boolean;
  /** Goes on with new decisions until this is aborted; null: only those there are. */
  readonly follow: AbortSignal | null;
  readonly write: (line: string) => void;
}

const POLL_MS = 500;
const MOST = 1_000;

/** Tells what was decided for a service, or for those that a token leads to, and why: oldest first, as a log is read. */
export async function explain(api: ControlApi, name: string, options: ExplainOptions): Promise<void> {
  const { write, json, length, follow } = options;
  const services = await servicesOf(api, name);
  const seen = new Map<string, string>();
  const tell = async (service: MeantService, query: string): Promise<void> => {
    const answer = await api.get(`/apps/${encodeURIComponent(service.id)}/decisions?${query}`);
    const decisions = isMap(answer) ? own(answer, 'decisions') : [];
    const entries = (Array.isArray(decisions) ? decisions : []).filter(isMap).reverse();
    // While several are followed each says whose it is.
    if (!json && entries.length > 0 && services.length > 1 && seen.has(service.id)) write(service.id);
    for (const entry of entries) {
      seen.set(service.id, String(entry['id']));
      if (json) write(JSON.stringify({ 'service-id': service.id, ...entry }));
      else for (const line of inWords(entry)) write(line);
    }
  };
  for (const service of services) {
    if (!json) write(heading(service));
    await tell(service, `length=${length}`);
    if (!json && !seen.has(service.id)) write('  nothing has been decided yet');
  }
  while (follow?.aborted === false) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    for (const service of services) {
      if (follow.aborted) return;
      await tell(service, `length=${MOST}&after=${seen.get(service.id) ?? '0-0'}`);
    }
  }
}

/** One line about the service: what it is called, and how it stands. */
function heading({ id, app, current }: MeantService): string {
  const which = current === null ? '' : current ? ', current' : ', an earlier version';
  const pause = own(app, 'scaling-paused');
  const paused = isMap(pause)
    ? `, scaling paused by ${String(pause['by'])} since ${String(pause['time'])}`
    : '';
  const error = own(app, 'deployment-error-message');
  const failing = typeof error === 'string' ? `, ${error}` : '';
  const status = own(app, 'status');
  return `${id}: ${typeof status === 'string' ? status : 'not known yet'}${which}${paused}${failing}`;
}

/** A decision as a paragraph: when and what, then each step on a line of its own. */
export function inWords(entry: Readonly<Record<string, Json>>): string[] {
  const explanation = own(entry, 'explanation');
  const lines = (Array.isArray(explanation) ? explanation : []).filter(isMap);
  const kind = own(entry, 'kind') === 'none' ? 'no change' : String(own(entry, 'kind') ?? 'decision');
  const reason = own(entry, 'reason');
  return [
    `  ${String(own(entry, 'time') ?? '')}  ${kind}${typeof reason === 'string' ? `: ${reason}` : ''}`,
    ...lines.map(({ what, text }) => `      ${String(what).padEnd(11)} ${String(text)}`),
  ];
}
