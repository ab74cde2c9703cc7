const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Distances that clocks and calendars have lines at, milliseconds. */
const CLOCK_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28].map((days) => days * DAY),
];

/** From two of each on. */
const UNITS = [
  [DAY, 'd'],
  [HOUR, 'h'],
  [MINUTE, 'min'],
] as const;

/** At most so many lines beside the one at zero. */
const MOST_LINES = 6;

/** Rounded: a tenth has no exact form, and three of them are 0.3. */
const multiples = (step: number, most: number): number[] =>
  Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, count) =>
    Number((count * step).toPrecision(12)),
  );

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

/** Three significant digits. */
export const numberLabel = (value: number): string => String(Number(value.toPrecision(3)));

export function clockLabel(ms: number): string {
  const [size, unit] = UNITS.find(([least]) => ms >= 2 * least) ?? [SECOND, 's'];
  return `${numberLabel(ms / size)} ${unit}`;
}

/** The next round number. */
export function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 1.2, 1.6, 2, 3, 4, 6, 8].find((candidate) => candidate * power >= value) ?? 10;
  return factor * power;
}
