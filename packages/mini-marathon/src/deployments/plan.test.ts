import type { AppDefinition, AppInput } from '../apps/definition';
import { normalise } from '../apps/normalise';
import { conflicting, planBetween } from './plan';

const app = (id: string, input: AppInput = {}): AppDefinition =>
  normalise({ cmd: 'a', ports: [], ...input }, id, undefined, undefined, () => 0, '2020-01-01T00:00:00.000Z');
const side = (...apps: AppDefinition[]) => new Map(apps.map((one) => [one.id, one]));
const steps = (before: Map<string, AppDefinition>, after: Map<string, AppDefinition>) =>
  planBetween('d', 'v', before, after).steps.map(({ actions }) =>
    actions.map((one) => `${one.action} ${one.app}`),
  );

describe('deployment plans (4B.5)', () => {
  it('start a new app, then scale it', () => {
    expect(steps(side(), side(app('/x')))).toEqual([['StartApplication /x'], ['ScaleApplication /x']]);
  });

  it('scale, restart or stop an existing one', () => {
    const before = side(app('/x'));
    expect(steps(before, side(app('/x', { instances: 2 })))).toEqual([['ScaleApplication /x']]);
    expect(steps(before, side(app('/x', { mem: 2, instances: 2 })))).toEqual([['RestartApplication /x']]);
    expect(steps(before, side())).toEqual([['StopApplication /x']]);
    expect(steps(before, before)).toEqual([]);
  });

  it('conflict when they share an affected app, and an unchanged app is not affected', () => {
    const running = [{ plan: planBetween('1', 'v', side(), side(app('/x'), app('/y'))) }];
    const of = (...apps: AppDefinition[]) => planBetween('2', 'v', side(app('/x'), app('/z')), side(...apps));
    expect(conflicting(of(app('/x', { mem: 1 }), app('/z')), running)).toEqual(running);
    expect(conflicting(of(app('/x'), app('/z', { mem: 1 })), running)).toEqual([]);
  });
});
