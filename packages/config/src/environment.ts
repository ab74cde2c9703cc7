import { options } from './options';
import type { CompiledConfig } from './options';
import { compiledPath, getAt, namedOptions } from './tree';

/**
 * The configuration as environment variables, secrets included: how a process hands it to those it starts. Reading
 * them back (`loadConfig({ env })`) gives the same configuration on the same machine.
 */
export function environmentOf(config: CompiledConfig): Record<string, string> {
  const env: Record<string, string> = {};
  for (const named of namedOptions(options)) {
    const value = getAt(config, compiledPath(named));
    if (value === undefined) continue;
    const written = named.option.write(value);
    env[named.variable] = typeof written === 'string' ? written : JSON.stringify(written);
  }
  return env;
}
