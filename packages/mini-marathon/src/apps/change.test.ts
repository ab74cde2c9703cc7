import { changeBetween, withVersions } from './change';
import type { AppInput } from './definition';
import { normalise } from './normalise';

const V1 = '2020-01-01T00:00:00.000Z';
const V2 = '2020-01-01T00:00:01.000Z';
let nextPort = 10_000;
const port = () => nextPort++;
const original = normalise(
  { cmd: 'a', ports: [0, 0], env: { A: '1', B: '2' } },
  '/x',
  undefined,
  undefined,
  port,
  V1,
);
const updated = (input: AppInput) =>
  withVersions(original, normalise(input, '/x', original, original, port, V2), V2);

describe('app changes (4B.3)', () => {
  it('a change of instances alone is a scaling and keeps lastConfigChangeAt', () => {
    const after = updated({ instances: 3 });
    expect(changeBetween(original, after)).toBe('scale');
    expect(after).toMatchObject({ version: V2, versionInfo: { lastScalingAt: V2, lastConfigChangeAt: V1 } });
  });

  it('a change of anything else is a config change', () => {
    const after = updated({ mem: 1 });
    expect(changeBetween(original, after)).toBe('config');
    expect(after.versionInfo).toEqual({ lastScalingAt: V2, lastConfigChangeAt: V2 });
  });

  it('the same values are no change, whatever their order, and keep the version', () => {
    expect(updated({ env: { B: '2', A: '1' }, cpus: 1, mem: 128 })).toBe(original);
  });

  it('asking again for any service port keeps those that were allocated', () => {
    expect(original.portDefinitions?.map((one) => one.port)).toEqual([10_000, 10_001]);
    expect(updated({ ports: [0, 0] })).toBe(original);
    expect(updated({ ports: [0] }).portDefinitions).toHaveLength(1);
  });

  it('a partial update keeps what it leaves out, a full one does not', () => {
    expect(updated({ mem: 1 }).env).toEqual({ A: '1', B: '2' });
    expect(normalise({ cmd: 'a' }, '/x', undefined, original, port, V2).env).toEqual({});
  });
});
