import { dependencyRounds } from './dependency-order';

const rounds = (dependencies: Readonly<Record<string, readonly string[]>>) =>
  dependencyRounds(Object.keys(dependencies), (app) => dependencies[app] ?? []);

it.each([
  [{}, []],
  [{ '/a': [], '/b': [] }, [['/a', '/b']]],
  [{ '/a': ['/b'], '/b': ['/c'], '/c': [] }, [['/c'], ['/b'], ['/a']]],
  // A group stands for every app below it, what is not there for nothing, and nobody waits for itself.
  [{ '/web/a': ['/db', '/elsewhere', '/web'], '/db/x': [], '/db/y': [] }, [['/db/x', '/db/y'], ['/web/a']]],
])('%j', (dependencies, expected) => {
  expect(rounds(dependencies)).toEqual(expected);
});

it('refuses a circle', () => {
  expect(() => rounds({ '/a': ['/b'], '/b': ['/c'], '/c': ['/a'] })).toThrow('cyclic');
});
