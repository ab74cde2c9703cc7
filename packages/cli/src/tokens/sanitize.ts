import {
  asWaiterError,
  builtInSettings,
  explainUserMetadata,
  isMap,
  own,
  pick,
  SERVICE_KEYS,
  TOKEN_DATA_KEYS,
  validateDescription,
  type DescriptionSettings,
  type Json,
} from '@waiter/core';
import { ClusterError, type Cluster } from './cluster';
import type { Report } from './report';
import { sameValue } from './same-token';
import type { TokenCopy } from './token-copy';

export interface SanitizeOptions {
  readonly cluster: Cluster;
  /** Names to look at, whole. */
  readonly match: RegExp;
  /** Most tokens that are looked at. */
  readonly limit: number;
  readonly concurrency: number;
  readonly dryRun: boolean;
}

/**
 * Posts every live token back to its cluster as it stands, so that the rules of today apply to what was stored under
 * those of yesterday: forms are normalised, and what would not be accepted any more is named. History, time and user
 * of the last update stay. A dry run judges by the rules of this program, with the limits and profiles of the cluster.
 */
export async function sanitizeTokens(options: SanitizeOptions, report: Report): Promise<void> {
  const { cluster, match, limit, concurrency, dryRun } = options;
  const rows = (await cluster.list())
    .filter(({ token, deleted }) => !deleted && match.test(token))
    .sort((a, b) => (a.token < b.token ? -1 : 1))
    .slice(0, limit);
  const settings = dryRun ? settingsFrom(await cluster.settings()) : null;
  report.begin(rows.length, `tokens to look at on ${cluster.url}`);
  await report.forEach(
    rows,
    concurrency,
    ({ token }) => token,
    async ({ token }) => {
      const copy = await cluster.read(token);
      if (copy === null || copy.etag === null) return;
      const refusal =
        settings === null
          ? await post(cluster, token, copy)
          : refusalOf(JSON.parse(copy.text) as Json, settings);
      if (refusal !== null) {
        report.add({ what: 'refused', token, note: refusal, failed: true });
        return;
      }
      const now = settings === null ? await cluster.read(token) : copy;
      const same = now !== null && sameValue(now.text, copy.text);
      report.add({ what: same ? 'clean' : 'rewritten', token, shown: !same });
    },
  );
}

async function post(cluster: Cluster, token: string, copy: TokenCopy): Promise<string | null> {
  try {
    await cluster.write(token, copy, copy);
    return null;
  } catch (error) {
    if (error instanceof ClusterError && error.status === 400) return error.message;
    throw error;
  }
}

/** Built-in rules with what this cluster shows of its own. */
function settingsFrom(shown: unknown): DescriptionSettings {
  const builtIn = builtInSettings('any');
  if (!isMap(shown)) return builtIn;
  const constraints = own(shown, 'service-description-constraints');
  const profiles = own(shown, 'profile-config');
  return {
    ...builtIn,
    ...(isMap(constraints)
      ? { constraints: constraints as unknown as DescriptionSettings['constraints'] }
      : {}),
    ...(isMap(profiles) ? { profiles: profiles as unknown as DescriptionSettings['profiles'] } : {}),
  };
}

function refusalOf(data: Json, settings: DescriptionSettings): string | null {
  if (!isMap(data)) return 'it is no map';
  try {
    const parameters = pick(data, (key) => SERVICE_KEYS.has(key));
    validateDescription(parameters, { missingAllowed: true, settings, checkAuthentication: true });
  } catch (error) {
    return asWaiterError(error).message.replaceAll('\n', ' ');
  }
  const lines = [...explainUserMetadata(data).values()];
  const unknown = Object.keys(data).filter((key) => !TOKEN_DATA_KEYS.has(key));
  if (unknown.length > 0) lines.push(`unsupported keys: ${unknown.join(', ')}`);
  return lines.length === 0 ? null : lines.join('; ');
}
