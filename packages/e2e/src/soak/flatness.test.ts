import { growthMiB } from './flatness';

const rising = (from: number, step: number): number[] =>
  Array.from({ length: 120 }, (_, n) => from + n * step);

it('calls a sawtooth flat', () => {
  const sawtooth = Array.from({ length: 120 }, (_, n) => 100 + (n % 10) * 6);
  expect(growthMiB(sawtooth)).toBe(0);
});

it('does not count growth to the working size', () => {
  expect(growthMiB([...rising(60, 1).slice(0, 40), ...Array<number>(80).fill(100)])).toBe(0);
});

it('tells by how much a leak grows beyond noise', () => {
  expect(growthMiB(rising(100, 1))).toBeGreaterThan(15);
});

it('tells nothing from too few values', () => {
  expect(growthMiB([100, 200, 300])).toBeNull();
});
