import { selectorOf } from './select';

const names = ['high', 'low'];
const select = (options: Parameters<typeof selectorOf>[1]) => selectorOf(names, options);

test('case 84: the parameter picks, else the default', () => {
  const choose = select({ defaultScheduler: 'high' });
  expect(choose({})).toBe('high');
  expect(choose({ scheduler: 'low' })).toBe('low');
  expect(choose({ image: 'alpine' })).toBe('high');
});

test('case 84: an unknown one is refused, with the names there are', () => {
  expect(() => select({ defaultScheduler: 'high' })({ scheduler: 'none' })).toThrow(
    expect.objectContaining({
      status: 400,
      transient: false,
      message: 'No matching scheduler found! There is no "none"; there are high, low',
    }),
  );
});

test('case 84: an image picks where there is a scheduler for images; the parameter goes before it', () => {
  const choose = select({ defaultScheduler: 'high', imageScheduler: 'low' });
  expect(choose({ image: 'alpine' })).toBe('low');
  expect(choose({})).toBe('high');
  expect(choose({ image: 'alpine', scheduler: 'high' })).toBe('high');
});

test('options that name nobody are refused', () => {
  expect(() => select({ defaultScheduler: 'none' })).toThrow(TypeError);
  expect(() => select({ defaultScheduler: 'high', imageScheduler: 'none' })).toThrow(TypeError);
});
