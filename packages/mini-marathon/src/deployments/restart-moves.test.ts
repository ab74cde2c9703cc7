import { restartMoves } from './restart-moves';

const full = { minimumHealthCapacity: 1, maximumOverCapacity: 1 };

describe('restart moves', () => {
  it('starts all new instances before it kills an old one when capacity may double', () => {
    expect(restartMoves({ instances: 3, old: 3, fresh: 0, ready: 0 }, full)).toEqual({ kill: 0, launch: 3 });
    expect(restartMoves({ instances: 3, old: 3, fresh: 3, ready: 2 }, full)).toEqual({ kill: 2, launch: 0 });
    expect(restartMoves({ instances: 3, old: 1, fresh: 3, ready: 3 }, full)).toEqual({ kill: 1, launch: 0 });
  });

  it('replaces in place when no over-capacity is allowed', () => {
    const strategy = { minimumHealthCapacity: 0.5, maximumOverCapacity: 0 };
    expect(restartMoves({ instances: 4, old: 4, fresh: 0, ready: 0 }, strategy)).toEqual({
      kill: 2,
      launch: 2,
    });
  });

  it('allows one more instance where neither capacity leaves room', () => {
    const strategy = { minimumHealthCapacity: 1, maximumOverCapacity: 0 };
    expect(restartMoves({ instances: 2, old: 2, fresh: 0, ready: 0 }, strategy)).toEqual({
      kill: 0,
      launch: 1,
    });
  });

  it('kills everything when scaled to zero', () => {
    expect(restartMoves({ instances: 0, old: 2, fresh: 0, ready: 0 }, full)).toEqual({ kill: 2, launch: 0 });
  });
});
