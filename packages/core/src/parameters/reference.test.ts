import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SERVICE_PARAMETERS, USER_METADATA } from '..';
import { renderParameters } from './reference';

test('docs/reference/parameters.md is current (npx tsx scripts/parameters-reference.ts writes it)', () => {
  const file = join(__dirname, '..', '..', '..', '..', 'docs', 'reference', 'parameters.md');
  expect(readFileSync(file, 'utf8')).toBe(renderParameters());
});

test('every parameter and every key of a token is in it', () => {
  const text = renderParameters();
  for (const { name } of [...SERVICE_PARAMETERS, ...USER_METADATA])
    expect(text).toContain(`### \`${name}\`\n`);
});
