/**
 * Writes docs/reference/compatibility.md from the names of tests, and takes reasons out of compatibility-left-out.json
 * whose case has a test by now. A test of @waiter/testkit fails when either is old.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  LEFT_OUT,
  PAGE,
  readCompatibility,
  renderCompatibility,
  stillLeftOut,
  unexplained,
} from '../packages/testkit/src/compatibility/page';

const root = join(__dirname, '..');
const compatibility = readCompatibility(root);
writeFileSync(join(root, LEFT_OUT), `${JSON.stringify(stillLeftOut(compatibility), null, 2)}\n`);
writeFileSync(join(root, PAGE), renderCompatibility(compatibility));
const open = unexplained(compatibility);
if (open.length > 0) console.error(`No test and no reason: ${open.join(', ')}`);
