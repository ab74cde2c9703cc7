/** Writes docs/reference/compatibility.md from the names of tests; a test of @waiter/testkit fails when it is old. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  PAGE,
  readCompatibility,
  renderCompatibility,
  unexplained,
} from '../packages/testkit/src/compatibility/page';

const root = join(__dirname, '..');
const compatibility = readCompatibility(root);
writeFileSync(join(root, PAGE), renderCompatibility(compatibility));
const open = unexplained(compatibility);
if (open.length > 0) console.error(`No test and no reason: ${open.join(', ')}`);
