import type { Json, ServiceParameters } from '../words';
import type { JsonMap } from '../json';
import { isMap, own } from '../json';
import { DEEP_MERGED_KEYS } from '../parameters';
import { compilePattern, type Pattern } from '../patterns';
import { profileParameters } from './profile';
import type { DescriptionSettings } from './settings';

/** Upper over lower; `env` and `metadata` key by key, the rest replaced (spec: services-and-tokens 2.2). */
export function mergeParameters(lower: JsonMap, upper: JsonMap): JsonMap {
  const merged: Record<string, Json> = { ...lower, ...upper };
  for (const key of DEEP_MERGED_KEYS) {
    const below = own(lower, key);
    const above = own(upper, key);
    if (isMap(below) && isMap(above)) merged[key] = { ...below, ...above };
  }
  return merged;
}

const integerOf = (map: JsonMap, key: string): number | undefined => {
  const value = own(map, key);
  return Number.isInteger(value) ? (value as number) : undefined;
};

/** A lower layer's min-instances yields to the upper layer's max-instances (spec: 2.5, step 2). */
function adjustMinInstances(lower: JsonMap, upper: JsonMap): JsonMap {
  const max = integerOf(upper, 'max-instances');
  const min = integerOf(lower, 'min-instances');
  if (max === undefined || min === undefined || Object.hasOwn(upper, 'min-instances') || min <= max)
    return lower;
  return { ...lower, 'min-instances': Math.max(max, 1) };
}

/** First mapping whose regex matches the whole name, else `other` (spec: 2.6). */
export function metricGroupOf(name: Json | undefined, mappings: Mappings): string {
  if (typeof name !== 'string') return 'other';
  return groupsOf(mappings).find(([pattern]) => pattern.matches(name))?.[1] ?? 'other';
}

type Mappings = DescriptionSettings['metricGroupMappings'];
const compiledGroups = new WeakMap<Mappings, readonly (readonly [Pattern, string])[]>();

function groupsOf(mappings: Mappings): readonly (readonly [Pattern, string])[] {
  let groups = compiledGroups.get(mappings);
  if (groups === undefined) {
    groups = mappings.map(([source, group]) => [compilePattern(source), group] as const);
    compiledGroups.set(mappings, groups);
  }
  return groups;
}

const INHERITED = [
  'authentication',
  'interval-secs',
  'max-consecutive-failures',
  'port-index',
  'proto',
  'url',
];

/** Liveness checks are like health checks unless told otherwise; null counts as not told (spec: 1.5). */
function inheritLiveness(parameters: JsonMap): JsonMap {
  const inherited = INHERITED.flatMap((suffix) => {
    const healthValue = own(parameters, `health-check-${suffix}`);
    const ownValue = own(parameters, `liveness-check-${suffix}`) ?? null;
    return ownValue === null && healthValue !== undefined
      ? [[`liveness-check-${suffix}`, healthValue] as const]
      : [];
  });
  return { ...parameters, ...Object.fromEntries(inherited) };
}

/** Defaults and profile below the given parameters, nothing derived (spec: 2.5, steps 1 to 3). @throws WaiterError 400 */
export function attachDefaults(
  parameters: ServiceParameters,
  settings: DescriptionSettings,
): ServiceParameters {
  const profile = profileParameters(own(parameters, 'profile'), settings);
  const below = mergeParameters(adjustMinInstances(settings.defaults, profile), profile);
  return mergeParameters(adjustMinInstances(below, parameters), parameters);
}

/**
 * What a service runs by: defaults < profile < core description < overrides, metric group and liveness filled in
 * (spec: services-and-tokens 2.5).
 * @throws WaiterError 400 when the profile is not configured
 */
export function effectiveDescription(
  core: ServiceParameters,
  settings: DescriptionSettings,
  overrides: ServiceParameters = {},
): ServiceParameters {
  const merged = attachDefaults(core, settings);
  const group =
    own(merged, 'metric-group') ?? metricGroupOf(own(merged, 'name'), settings.metricGroupMappings);
  return { ...inheritLiveness({ ...merged, 'metric-group': group }), ...overrides };
}
