/** Writes docs/reference/parameters.md from the table of parameters; a test of @waiter/core fails when it is old. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderParameters } from '../packages/core/src/parameters/reference';

const folder = join(__dirname, '..', 'docs', 'reference');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'parameters.md'), renderParameters());
