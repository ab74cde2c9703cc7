import { tinyCommand } from '@waiter/kitchen';

/** A description of a service of `tinyCommand`; `more` wins. */
export function tinyService(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    name: 'tiny',
    cmd: tinyCommand(),
    'cmd-type': 'shell',
    version: '1',
    cpus: 0.01,
    mem: 8,
    'run-as-user': process.env['USER'] ?? 'root',
    'health-check-url': '/',
    'concurrency-level': 1,
    ...more,
  };
}
