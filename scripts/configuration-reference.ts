/** Writes docs/reference/configuration.md from the table of options; a test of @waiter/config fails when it is old. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderReference } from '../packages/config/src/reference';

const folder = join(__dirname, '..', 'docs', 'reference');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'configuration.md'), renderReference());
