const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Distances that clocks and calendars have lines at, milliseconds. */
const CLOCK_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
];

/** At most so many lines beside the one at zero. */
const MOST_LINES = 6;

const multiples = (step: number, most: number): number[] =>
  Array.from({ length: Math.floor(most / step) + 1 }, (_, count) => count * step);

/** Round numbers from 0 to at most `most`. */
export function numberLines(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most / MOST_LINES));
  const factor = [1, 2, 2.5, 5].find((candidate) => most / (candidate * power) <= MOST_LINES) ?? 10;
  return multiples(factor * power, most);
}

/** Whole seconds, minutes, hours or days from 0 to at most `mostMs`. */
export function clockLines(mostMs: number): number[] {
  const step = CLOCK_STEPS.find((candidate) => mostMs / candidate <= MOST_LINES);
  return step === undefined ? numberLines(mostMs / DAY).map((days) => days * DAY) : multiples(step, mostMs);
}

/** The next round number. */
export function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 1.2, 1.6, 2, 3, 4, 6, 8].find((candidate) => candidate * power >= value) ?? 10;
  return factor * power;
}
