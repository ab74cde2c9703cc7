import { contentOf } from './same-token';
import { membersOf } from './json-text';

/** One cluster's copy of a token: the answer of `GET /token?include=metadata&include=deleted`, as text. */
export interface TokenCopy {
  readonly text: string;
  /** Null for a soft-deleted token. */
  readonly etag: string | null;
}

/** What the tools decide by. */
export interface CopyFacts {
  readonly deleted: boolean;
  /** Epoch ms; 0 when the cluster does not say. */
  readonly updatedAtMs: number;
  readonly updatedBy: string | null;
  readonly root: string | null;
  readonly owner: string | null;
  /** The token says that the syncer must leave this copy alone. */
  readonly optedOut: boolean;
  readonly content: string;
}

export const OPT_OUT = 'waiter-token-sync-opt-out';

export function factsOf({ text }: TokenCopy): CopyFacts {
  const members = membersOf(text);
  const textOf = (name: string): string | null => stringIn(members.get(name));
  const metadata = members.get('metadata');
  return {
    deleted: members.get('deleted') === 'true',
    updatedAtMs: timeIn(members.get('last-update-time')),
    updatedBy: textOf('last-update-user'),
    root: textOf('root'),
    owner: textOf('owner'),
    optedOut: metadata !== undefined && stringIn(membersOf(metadata).get(OPT_OUT)) === 'true',
    content: contentOf(text),
  };
}

function stringIn(text: string | undefined): string | null {
  return text?.startsWith('"') ? (JSON.parse(text) as string) : null;
}

/** ISO text, or epoch ms as some clusters send them. */
function timeIn(text: string | undefined): number {
  if (text === undefined) return 0;
  const value: unknown = JSON.parse(text);
  const time = typeof value === 'string' ? Date.parse(value) : typeof value === 'number' ? value : NaN;
  return Number.isFinite(time) ? time : 0;
}
