import type { Command } from 'commander';
import {
  configWarnings,
  formatConfig,
  loadConfig,
  namedOptions,
  options,
  type CompiledConfig,
} from '@waiter/config';

/** What commander hands over: our own flags, and one entry per configuration option that was given. */
export type Flags = Readonly<Record<string, unknown>>;

/**
 * Adds `--config`, `--print-config`, `--check-config`, and one flag per configuration option of these sections.
 * @param taken flags that the command defines itself, with a meaning of its own
 */
export function withConfiguration(
  command: Command,
  sections: readonly string[],
  taken: readonly string[] = [],
): Command {
  command
    .option('--config <file>', 'YAML or JSON configuration file (docs/reference/configuration.md)')
    .option('--print-config', 'print the configuration in effect, secrets masked, and exit')
    .option('--check-config', 'check the configuration and exit');
  for (const { path, flag, alias, option } of namedOptions(options)) {
    if (!sections.includes(path[0] ?? '')) continue;
    for (const name of new Set([flag, alias ?? flag])) {
      if (!taken.includes(name)) command.option(`--${name} <value>`, option.description);
    }
  }
  return command;
}

/**
 * Reads the configuration of one command: its defaults < file < environment < flags.
 * @param own flags of the command itself, camelCase, which are no configuration options
 * @returns null when the command was only to print or check it
 * @throws ConfigError that names every problem
 */
export function readConfiguration(
  flags: Flags,
  { own = [], defaults = {} }: { own?: readonly string[]; defaults?: Flags } = {},
): CompiledConfig | null {
  const { config: file, printConfig, checkConfig, ...rest } = flags;
  const config = loadConfig({
    defaults,
    flags: Object.fromEntries(Object.entries(rest).filter(([name]) => !own.includes(name))),
    env: process.env,
    file: typeof file === 'string' ? file : process.env['WAITER_CONFIG'],
  });
  if (printConfig === true) process.stdout.write(formatConfig(config));
  if (checkConfig === true) {
    process.stdout.write(['The configuration is valid.', ...configWarnings(config)].join('\n') + '\n');
  }
  return printConfig === true || checkConfig === true ? null : config;
}
