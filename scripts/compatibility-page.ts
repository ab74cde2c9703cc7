/**
 * Writes docs/reference/compatibility.md from the names of tests and docs/reference/compatibility/*.json, takes reasons out
 * of those files whose case has a test by now, and lists the cases that are open. A test of @waiter/testkit fails when the
 * page is old, or when a book that was complete has an open case.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bookPath,
  openCases,
  PAGE,
  readBooks,
  renderCompatibility,
  stillLeftOut,
  type BookFile,
} from '../packages/testkit/src/compatibility/page';

const root = join(__dirname, '..');
const books = readBooks(root).map((book) => ({
  ...book,
  complete: book.complete || openCases(book).length === 0,
  leftOut: stillLeftOut(book),
}));
for (const { name, title, complete, cases, leftOut } of books) {
  const file: BookFile = { title, complete, cases, leftOut };
  writeFileSync(join(root, bookPath(name)), `${JSON.stringify(file, null, 2)}\n`);
}
writeFileSync(join(root, PAGE), renderCompatibility(books));
for (const book of books) {
  const open = openCases(book);
  if (open.length > 0) console.error(`${book.name}: ${open.length} open: ${open.join(', ')}`);
}
