import { stringify } from 'yaml';
import { options } from './options';
import type { CompiledConfig } from './options';
import { compiledPath, getAt, namedOptions, setAt } from './tree';
import { maskUrl } from './urls';

const MASK = '<hidden>';

/** The configuration as plain data in the form of a file, secrets masked: what `/settings` may show. */
export function visibleConfig(config: CompiledConfig): Record<string, unknown> {
  const visible: Record<string, unknown> = {};
  for (const named of namedOptions(options)) {
    const value = getAt(config, compiledPath(named));
    if (value === undefined) continue;
    setAt(visible, named.path, named.option.secret === true ? MASK : masked(named.option.write(value)));
  }
  return visible;
}

/** For `--print-config`: YAML that can be read back as a configuration file, but for the secrets. */
export function formatConfig(config: CompiledConfig): string {
  return stringify(visibleConfig(config), { lineWidth: 0 });
}

function masked(value: unknown): unknown {
  if (typeof value === 'string') return maskUrl(value);
  return Array.isArray(value) ? value.map(masked) : value;
}
