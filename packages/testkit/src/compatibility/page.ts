import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findCaseTests, type CaseBook, type CaseTest } from './case-tests';

/** Texts by case number. */
export type ByCase = Readonly<Record<string, string>>;

export interface Compatibility {
  /** Of the cases of section 6 of services-and-tokens. */
  readonly titles: ByCase;
  /** Why a case has no test. */
  readonly leftOut: ByCase;
  readonly tests: readonly CaseTest[];
}

const FOLDER = join('docs', 'reference');
export const PAGE = join(FOLDER, 'compatibility.md');
export const LEFT_OUT = join(FOLDER, 'compatibility-left-out.json');

export function readCompatibility(root: string): Compatibility {
  const read = (name: string): ByCase => JSON.parse(readFileSync(join(root, name), 'utf8')) as ByCase;
  return {
    titles: read(join(FOLDER, 'compatibility-cases.json')),
    leftOut: read(LEFT_OUT),
    tests: findCaseTests(root),
  };
}

/** Numbers of the cases that have neither a test nor a reason for having none. */
export function unexplained({ titles, leftOut, tests }: Compatibility): number[] {
  const tested = testsByNumber(tests, 'services-and-tokens');
  return Object.keys(titles)
    .map(Number)
    .filter((number) => !tested.has(number) && !Object.hasOwn(leftOut, String(number)));
}

/** The reasons without those of cases that have a test by now. */
export function stillLeftOut({ leftOut, tests }: Compatibility): ByCase {
  const tested = testsByNumber(tests, 'services-and-tokens');
  return Object.fromEntries(Object.entries(leftOut).filter(([number]) => !tested.has(Number(number))));
}

const HEAD = `# Compatibility

<!-- Written by scripts/compatibility-page.ts from the names of tests, compatibility-cases.json and compatibility-left-out.json. Do not edit. -->

The wire behaviour of the original is pinned as numbered cases. This page says which test shows each of them, so that
anybody who depends on one can find it. Tests name cases in their titles (\`case 12: ...\`).
`;

/** The text of docs/reference/compatibility.md. */
export function renderCompatibility({ titles, leftOut, tests }: Compatibility): string {
  const tested = testsByNumber(tests, 'services-and-tokens');
  const numbers = Object.keys(titles).map(Number);
  const missing = numbers.filter((number) => !tested.has(number));
  const rows = numbers
    .filter((number) => tested.has(number))
    .map(
      (number) =>
        `| ${number} | ${cell(titles[String(number)] ?? '')} | ${files(tested.get(number) ?? [])} |`,
    );
  const reasons = missing.map(
    (number) =>
      `| ${number} | ${cell(titles[String(number)] ?? '')} | ${cell(leftOut[String(number)] ?? 'no reason given')} |`,
  );
  return [
    HEAD,
    `## Tokens, services and the REST API

${numbers.length - missing.length} of ${numbers.length} cases have a test.

| case | behaviour | tests |
| --- | --- | --- |
${rows.join('\n')}

### Left out

| case | behaviour | why |
| --- | --- | --- |
${reasons.join('\n')}
`,
    others('The path of a request', 'request-path', tests),
    others('Scaling and schedulers', 'scaling-and-schedulers', tests),
  ].join('\n');
}

/** Documents whose cases are not all listed yet: what has a test, by the name of the first. */
function others(title: string, book: CaseBook, tests: readonly CaseTest[]): string {
  const rows = [...testsByNumber(tests, book)].map(
    ([number, found]) => `| ${number} | ${cell(found[0]?.name ?? '')} | ${files(found)} |`,
  );
  return rows.length === 0
    ? ''
    : `## ${title}

| case | test | file |
| --- | --- | --- |
${rows.join('\n')}
`;
}

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
