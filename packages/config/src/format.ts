import { stringify } from 'yaml';
import { options } from './options';
import type { CompiledConfig } from './options';
import { compiledPath, getAt, namedOptions, setAt } from './tree';
import { maskUrl } from './urls';

const MASK = '<hidden>';
/** In structured options. */
const SECRET_KEYS = new Set(['password', 'token']);

/** The configuration as plain data in the form of a file, secrets masked: what `/settings` may show. */
export function visibleConfig(config: CompiledConfig): Record<string, unknown> {
  const visible: Record<string, unknown> = {};
  for (const named of namedOptions(options)) {
    const value = getAt(config, compiledPath(named));
    if (value === undefined) continue;
    const written = named.option.write(value);
    const isHidden = named.option.secret === true && named.option.kind !== 'object';
    setAt(visible, named.path, isHidden ? MASK : masked(written));
  }
  return visible;
}

/** For `--print-config`: YAML that can be read back as a configuration file, but for the secrets. */
export function formatConfig(config: CompiledConfig): string {
  return stringify(visibleConfig(config), { lineWidth: 0 });
}

/** Without what is secret inside of it. */
function masked(value: unknown): unknown {
  if (typeof value === 'string') return maskUrl(value);
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, SECRET_KEYS.has(key) ? MASK : masked(inner)]),
  );
}
