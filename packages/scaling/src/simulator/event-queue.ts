/** A binary heap of (time, instance), earliest first, equal times in order of entry; numbers only, for speed. */
export class EventQueue {
  private times: number[] = [];
  private orders: number[] = [];
  private values: number[] = [];
  private entered = 0;

  get size(): number {
    return this.times.length;
  }

  /** Infinity when empty. */
  get nextMs(): number {
    return this.times[0] ?? Number.POSITIVE_INFINITY;
  }

  push(atMs: number, value: number): void {
    const order = this.entered++;
    let hole = this.times.length;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      // A later entry of the same time goes below: no comparison of orders on the way up.
      if ((this.times[parent] ?? 0) <= atMs) break;
      this.move(parent, hole);
      hole = parent;
    }
    this.set(hole, atMs, order, value);
  }

  /** Removes the earliest and returns its value. @throws RangeError when empty */
  pop(): number {
    const value = this.values[0];
    const lastTime = this.times.pop();
    const lastOrder = this.orders.pop();
    const lastValue = this.values.pop();
    if (value === undefined || lastTime === undefined || lastOrder === undefined || lastValue === undefined)
      throw new RangeError('no event');
    const size = this.times.length;
    if (size === 0) return value;
    let hole = 0;
    for (let child = 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && this.before(child + 1, this.times[child] ?? 0, this.orders[child] ?? 0))
        child += 1;
      if (!this.before(child, lastTime, lastOrder)) break;
      this.move(child, hole);
      hole = child;
    }
    this.set(hole, lastTime, lastOrder, lastValue);
    return value;
  }

  private before(index: number, atMs: number, order: number): boolean {
    const time = this.times[index] ?? 0;
    return time < atMs || (time === atMs && (this.orders[index] ?? 0) < order);
  }

  private move(from: number, to: number): void {
    this.set(to, this.times[from] ?? 0, this.orders[from] ?? 0, this.values[from] ?? 0);
  }

  private set(index: number, atMs: number, order: number, value: number): void {
    this.times[index] = atMs;
    this.orders[index] = order;
    this.values[index] = value;
  }
}
