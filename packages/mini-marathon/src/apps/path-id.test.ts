import { absoluteId, isBelow, isValidId, parentId, safePath } from './path-id';

describe('path ids', () => {
  it('are the same with and without leading slash', () => {
    expect(['x', '/x', '//x/', '/a/../x'].map((id) => absoluteId(id))).toEqual(['/x', '/x', '/x', '/x']);
    expect(absoluteId('../db', '/a/b')).toBe('/a/db');
  });

  it('have legal segments', () => {
    expect(['/a', '/a-b/c.d', '/waiter-service-x1'].every(isValidId)).toBe(true);
    expect(['/', '/A', '/a_b', '/-a', '/a-', '/a//b'].some(isValidId)).toBe(false);
  });

  it('form a tree', () => {
    expect([parentId('/a/b'), parentId('/a'), safePath('/a/b')]).toEqual(['/a', '/', 'a_b']);
    expect([isBelow('/a/b', '/a'), isBelow('/ab', '/a'), isBelow('/a', '/')]).toEqual([true, false, true]);
  });
});
