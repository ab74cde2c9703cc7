import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { options } from './options';
import { renderReference } from './reference';
import { namedOptions } from './tree';

it('docs/reference/configuration.md is current (npx tsx scripts/configuration-reference.ts writes it)', () => {
  const file = join(__dirname, '..', '..', '..', 'docs', 'reference', 'configuration.md');
  expect(readFileSync(file, 'utf8')).toBe(renderReference());
});

it('every option has a description, and names that nobody else has', () => {
  const all = namedOptions(options);
  for (const { option } of all) expect(option.description).toMatch(/^.{10,}[.]$/s);
  const flags = all.flatMap(({ flag, alias }) => (alias === undefined ? [flag] : [flag, alias]));
  expect(new Set(flags).size).toBe(flags.length);
});

it('every default is valid by its own schema', () => {
  const machine = { hostname: 'host', username: 'user', unique: 'abc123' };
  for (const { option, key } of namedOptions(options)) {
    expect([key, option.schema.validate(option.default(machine)).error]).toEqual([key, undefined]);
  }
});
