import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCaseTests, type CaseBook, type CaseTest } from './case-tests';

/** Texts by case number. */
export type ByCase = Readonly<Record<string, string>>;

/** docs/reference/compatibility/<book>.json, written by hand. */
export interface BookFile {
  readonly title: string;
  /** Every case has a test or a reason; from then on a test fails when one has neither. */
  readonly complete: boolean;
  /** What each case pins. */
  readonly cases: ByCase;
  /** Why a case has no test. */
  readonly leftOut: ByCase;
}

export interface Book extends BookFile {
  readonly name: CaseBook;
  readonly tests: ReadonlyMap<number, readonly CaseTest[]>;
}

/** How many cases each document has. */
export const BOOKS: Readonly<Record<CaseBook, number>> = {
  'services-and-tokens': 209,
  'request-path': 140,
  'scaling-and-schedulers': 104,
};

const FOLDER = join('docs', 'reference');
export const PAGE = join(FOLDER, 'compatibility.md');
export const bookPath = (name: CaseBook): string => join(FOLDER, 'compatibility', `${name}.json`);

export function readBooks(root: string): Book[] {
  const tests = findCaseTests(root);
  return (Object.keys(BOOKS) as CaseBook[]).map((name) => ({
    ...(JSON.parse(readFileSync(join(root, bookPath(name)), 'utf8')) as BookFile),
    name,
    tests: testsByNumber(tests, name),
  }));
}

const numbersOf = ({ cases }: Book): number[] => Object.keys(cases).map(Number);

/** Numbers of the cases that have neither a test nor a reason for having none. */
export function openCases(book: Book): number[] {
  return numbersOf(book).filter(
    (number) => !book.tests.has(number) && !Object.hasOwn(book.leftOut, String(number)),
  );
}

/** The reasons without those of cases that have a test by now. */
export function stillLeftOut({ leftOut, tests }: Book): ByCase {
  return Object.fromEntries(Object.entries(leftOut).filter(([number]) => !tests.has(Number(number))));
}

const HEAD = `# Compatibility

<!-- Written by scripts/compatibility-page.ts from the names of tests and docs/reference/compatibility/*.json. Do not edit. -->

The wire behaviour of the original is pinned as numbered cases. This page says which test shows each of them, so that
anybody who depends on one can find it. Tests name cases in their titles (\`case 12: ...\`).
`;

/** The text of docs/reference/compatibility.md. */
export const renderCompatibility = (books: readonly Book[]): string =>
  [HEAD, ...books.map(renderBook)].join('\n');

function renderBook(book: Book): string {
  const numbers = numbersOf(book);
  const tested = numbers.filter((number) => book.tests.has(number));
  const open = openCases(book);
  const row = (number: number, last: string): string =>
    `| ${number} | ${cell(book.cases[String(number)] ?? '')} |${last === '' ? '' : ` ${last} |`}`;
  return [
    `## ${book.title}`,
    `${tested.length} of ${numbers.length} cases have a test.`,
    table(
      ['case', 'behaviour', 'tests'],
      tested.map((number) => row(number, files(book.tests.get(number) ?? []))),
    ),
    ...section(
      'Left out',
      ['case', 'behaviour', 'why'],
      Object.entries(book.leftOut).map(([number, why]) => row(Number(number), cell(why))),
    ),
    ...section(
      'Open: neither a test nor a reason yet',
      ['case', 'behaviour'],
      open.map((number) => row(number, '')),
    ),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

const section = (title: string, columns: readonly string[], rows: readonly string[]): string[] =>
  rows.length === 0 ? [] : [`### ${title}`, table(columns, rows)];

const table = (columns: readonly string[], rows: readonly string[]): string =>
  [`| ${columns.join(' | ')} |`, `|${' --- |'.repeat(columns.length)}`, ...rows].join('\n');

function testsByNumber(tests: readonly CaseTest[], book: CaseBook): Map<number, CaseTest[]> {
  const byNumber = new Map<number, CaseTest[]>();
  for (const test of tests.filter((one) => one.book === book)) {
    byNumber.set(test.number, [...(byNumber.get(test.number) ?? []), test]);
  }
  return byNumber;
}

const cell = (text: string): string => text.replace(/[\\|*_<>]/g, '\\$&');

function files(tests: readonly CaseTest[]): string {
  return [...new Set(tests.map(({ file }) => file))]
    .map((file) => `[${file.replace(/^packages\/([^/]+)\/src\//, '$1/')}](../../${file})`)
    .join(', ');
}
