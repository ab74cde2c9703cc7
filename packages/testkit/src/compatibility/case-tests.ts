import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The documents whose sections of pinned behaviours number cases, each from 1. */
export type CaseBook = 'services-and-tokens' | 'request-path' | 'scaling-and-schedulers';

export interface CaseTest {
  readonly book: CaseBook;
  readonly number: number;
  /** Path from the root of the repository. */
  readonly file: string;
  /** Name of the test, without the words that name cases. */
  readonly name: string;
}

/** Which document a file means by "case 12" alone; the first that matches. `request-path case 12` always names its own. */
const BOOKS: readonly (readonly [RegExp, CaseBook])[] = [
  [/^packages\/router\/src\/(?:resolution\.|resolve\/)/, 'services-and-tokens'],
  [/^packages\/router\//, 'request-path'],
  [/^packages\/(?:observability|scaling|scaler|scheduler|mini-marathon)\//, 'scaling-and-schedulers'],
  [/^packages\//, 'services-and-tokens'],
];

const NAMED: Readonly<Record<string, CaseBook>> = {
  'services-and-tokens': 'services-and-tokens',
  'request-path': 'request-path',
  // Those of `/waiter-ping` are numbered in request-path.
  ping: 'request-path',
  'scaling-and-schedulers': 'scaling-and-schedulers',
};

/** `case 7`, `cases 2 and 3`, `cases 54 to 56, 60`, with the word before it. */
const MENTION = /(?:([a-z-]+) )?\bcases? (\d+(?:(?:,? and |, | to )\d+)*)/g;
const LITERAL = /(['"`])((?:(?!\1).)+)\1/g;
const TEST_NAME = /(?:\b(?:it|test|describe)(?:\.\w+)*\(|\)\()(['"`])((?:(?!\1).)+)\1/;

/** The numbers that a list such as `4 to 7, 12` names. */
export function numbersIn(list: string): number[] {
  return list.split(/,? and |, /).flatMap((part) => {
    const [first = 0, last = first] = part.split(' to ').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** The cases that a test file names: in names of tests, in rows of tables of tests, and in comments inside of tests. */
export function casesInFile(file: string, text: string): CaseTest[] {
  const book = BOOKS.find(([pattern]) => pattern.test(file))?.[1] ?? 'services-and-tokens';
  const found: CaseTest[] = [];
  const add = (of: CaseBook, numbers: readonly number[], name: string): void => {
    for (const number of numbers) found.push({ book: of, number, file, name: bare(name) });
  };
  let name = '';
  let rows: number[] = [];
  for (const line of text.split('\n')) {
    const title = TEST_NAME.exec(line)?.[2];
    const isComment = line.trim().startsWith('//');
    const mentions = isComment ? [line] : [...line.matchAll(LITERAL)].map(([, , literal = '']) => literal);
    for (const mention of mentions) {
      for (const [, word = '', list = ''] of mention.matchAll(MENTION)) {
        add(NAMED[word] ?? book, numbersIn(list), isComment ? name : named(mention, title ?? name));
      }
    }
    const row = /^\s+\[?(\d{1,3}),/.exec(line)?.[1];
    if (row !== undefined) rows.push(Number(row));
    if (title === undefined) continue;
    if (/\bcase %[id]/.test(title)) add(book, rows, title);
    name = title;
    rows = [];
  }
  return found;
}

/** The literal with the case in it, or the test around when it says nothing more. */
const named = (literal: string, around: string): string => (bare(literal) === '' ? around : literal);

const bare = (name: string): string =>
  name
    .replace(/ ?\((?:[a-z-]+ )?cases? [^)]*\)/g, '')
    .replace(/^case %[id](?:: )?/, '')
    .replace(/^(?:[a-z-]+ )?cases? \d+$/, '')
    .replace(/^(?:(?:[a-z-]+ )?cases? \d+(?:(?:,? and |, | to )\d+)*(?:, |; |: ?| ))+/g, '')
    .trim();

/** Its tests show what the test backend can do for a case, not what Waiter does. */
const NO_EVIDENCE = 'kitchen';

/** All cases that tests of the packages name, in a fixed order. */
export function findCaseTests(root: string): CaseTest[] {
  const packages = join(root, 'packages');
  return readdirSync(packages)
    .filter((name) => name !== NO_EVIDENCE)
    .flatMap((name) => testFiles(join(packages, name, 'src')))
    .flatMap((path) => casesInFile(relative(root, path), readFileSync(path, 'utf8')))
    .sort((a, b) => a.number - b.number || (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
}

function testFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return testFiles(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });
}
