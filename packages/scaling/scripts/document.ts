import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCUMENT = join(__dirname, '../../../docs/autoscaling.md');

/** Puts the lines between the markers of that name. */
export function intoDocument(name: string, lines: readonly string[]): void {
  const begin = `<!-- ${name}: written by packages/scaling/scripts/${name}.ts -->`;
  const end = `<!-- end of ${name} -->`;
  const document = readFileSync(DOCUMENT, 'utf8');
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${DOCUMENT} has no markers for ${name}`);
  writeFileSync(DOCUMENT, document.slice(0, from) + [begin, ...lines, ''].join('\n') + document.slice(to));
}
