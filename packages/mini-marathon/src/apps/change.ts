import type { AppDefinition } from './definition';

/** What a deployment must do to turn one definition into another. */
export type Change = 'none' | 'scale' | 'config';

/** A change of `instances` alone keeps the tasks; any other restarts them (4B.3). */
export function changeBetween(before: AppDefinition, after: AppDefinition): Change {
  if (configOf(before) !== configOf(after)) return 'config';
  return before.instances === after.instances ? 'none' : 'scale';
}

/** `after` with the versions that the change from `before` calls for. */
export function withVersions(before: AppDefinition, after: AppDefinition, version: string): AppDefinition {
  const change = changeBetween(before, after);
  if (change === 'none') return before;
  return {
    ...after,
    version,
    versionInfo: {
      lastScalingAt: version,
      lastConfigChangeAt: change === 'config' ? version : before.versionInfo.lastConfigChangeAt,
    },
  };
}

function configOf(app: AppDefinition): string {
  return JSON.stringify({ ...app, instances: 0, version: '', versionInfo: '' }, sortedKeys);
}

/** Key order in `env` or `labels` is no change. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
