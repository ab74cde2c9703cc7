/** A place in a queue. `leave` is O(1), so a client that hangs up costs nothing. */
export interface Place {
  leave(): boolean;
}

interface Node<T> extends Place {
  readonly value: T;
  /** The least is served first. */
  readonly rank: number;
  previous: Node<T> | null;
  next: Node<T> | null;
  queued: boolean;
}

/** In the order of ranks, of equal ones first in, first out; with removal from the middle: a doubly linked list. */
export class WaitQueue<T> {
  private head: Node<T> | null = null;
  private tail: Node<T> | null = null;
  private count = 0;

  get length(): number {
    return this.count;
  }

  get first(): T | null {
    return this.head?.value ?? null;
  }

  /** Null when empty. */
  get firstRank(): number | null {
    return this.head?.rank ?? null;
  }

  get lastRank(): number | null {
    return this.tail?.rank ?? null;
  }

  /** Ranks come nearly always in order; a request that is tried again belongs at the very front. */
  push(value: T, rank: number): Place {
    const node: Node<T> = {
      value,
      rank,
      previous: null,
      next: null,
      queued: true,
      leave: () => this.unlink(node),
    };
    if (this.tail !== null && rank < this.tail.rank) {
      let next = this.head;
      while (next !== null && next.rank <= rank) next = next.next;
      this.insert(node, next);
    } else {
      this.insert(node, null);
    }
    return node;
  }

  private insert(node: Node<T>, next: Node<T> | null): void {
    const previous = next === null ? this.tail : next.previous;
    node.previous = previous;
    node.next = next;
    if (previous === null) this.head = node;
    else previous.next = node;
    if (next === null) this.tail = node;
    else next.previous = node;
    this.count += 1;
  }

  private unlink(node: Node<T>): boolean {
    if (!node.queued) return false;
    node.queued = false;
    this.count -= 1;
    if (node.previous === null) this.head = node.next;
    else node.previous.next = node.next;
    if (node.next === null) this.tail = node.previous;
    else node.next.previous = node.previous;
    node.previous = null;
    node.next = null;
    return true;
  }
}
