import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { casesInFile, numbersIn } from './case-tests';
import { BOOKS, openCases, PAGE, readBooks, renderCompatibility, stillLeftOut } from './page';

const ROOT = join(__dirname, '..', '..', '..', '..');

describe('docs/reference/compatibility.md', () => {
  const books = readBooks(ROOT);

  it('is current (npx tsx scripts/compatibility-page.ts)', () => {
    expect(readFileSync(join(ROOT, PAGE), 'utf8')).toBe(renderCompatibility(books));
  });

  describe.each(books)('$name', (book) => {
    it('says what every case is', () => {
      const all = Array.from({ length: BOOKS[book.name] }, (_, index) => String(index + 1));
      expect(Object.keys(book.cases)).toEqual(all);
    });

    it('has a test or a reason for every case, once it calls itself complete', () => {
      expect(book.complete).toBe(openCases(book).length === 0);
    });

    it('gives no reason for a case that has a test or does not exist', () => {
      expect(book.leftOut).toEqual(stillLeftOut(book));
      expect(Object.keys(book.cases)).toEqual(expect.arrayContaining(Object.keys(book.leftOut)));
    });

    it('has no test that names a case that does not exist', () => {
      expect([...book.tests.keys()].filter((number) => number > BOOKS[book.name])).toEqual([]);
    });
  });
});

describe('case numbers in names of tests', () => {
  it.each([
    ['7', [7]],
    ['2 and 3', [2, 3]],
    ['4 to 7, 12', [4, 5, 6, 7, 12]],
    ['10, 11 and 27', [10, 11, 27]],
  ])('%s', (list, numbers) => {
    expect(numbersIn(list)).toEqual(numbers);
  });

  it('are found in names, tables and comments, and belong to the document that the file follows', () => {
    const word = 'case';
    const text = [
      `test('${word}s 2 and 3: the first', () => {`,
      `  // ${word} 4`,
      `  const x = '${word} of its own';`,
      `it('shows much (request-path ${word} 5)', () => {`,
      `  ['${word} 6', 1],`,
      `    [7, 'a'],`,
      `  ])('${word} %i: rows', () => {`,
    ].join('\n');
    expect(
      casesInFile('packages/api/src/x.test.ts', text).map(({ book, number, name }) => [book, number, name]),
    ).toEqual([
      ['services-and-tokens', 2, 'the first'],
      ['services-and-tokens', 3, 'the first'],
      ['services-and-tokens', 4, 'the first'],
      ['request-path', 5, 'shows much'],
      ['services-and-tokens', 6, 'shows much'],
      ['services-and-tokens', 7, 'rows'],
    ]);
    expect(casesInFile('packages/router/src/x.test.ts', `test('${word} 9', () => 1)`)[0]?.book).toBe(
      'request-path',
    );
  });
});
