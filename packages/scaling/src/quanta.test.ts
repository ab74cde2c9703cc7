import { DEFAULT_QUANTA, quantaLimit, type Resources } from './quanta';

test.each([
  [0.1, 1024, 50, 50],
  [2, 512, 100, 32],
  [2, 512, 20, 20],
  [32, 131072, 9, 2],
  [10, 1024, 5, 5],
  [100, 1, 3, 1],
])(
  '1.3 quanta 64 cpus, 524288 MB: instances of %d cpus, %d MB, %d wanted: %d',
  (cpus, mem, amount, allowed) => {
    expect(quantaLimit(amount, { cpus, mem }, DEFAULT_QUANTA)).toBe(allowed);
  },
);

const CONSTRAINT: Resources = { cpus: 32, mem: 4608 };
test.each([
  [{ cpus: 10, mem: 1024 }, 1, 1],
  [{ cpus: 10, mem: 1024 }, 3, 3],
  [{ cpus: 10, mem: 1024 }, 8, 3],
  [{ cpus: 5, mem: 1024 }, 8, 4],
  [{ cpus: 10, mem: 2048 }, 8, 2],
  [{ cpus: 2, mem: 512 }, 10, 9],
  [{ cpus: 64, mem: 1024 }, 8, 1],
])('1.3 quanta 32 cpus, 4608 MB: %j, %d wanted: %d', (instance, amount, allowed) => {
  expect(quantaLimit(amount, instance, CONSTRAINT)).toBe(allowed);
});

test('an instance that claims nothing is limited by nothing', () => {
  expect(quantaLimit(7, { cpus: 0, mem: 0 }, CONSTRAINT)).toBe(7);
});
