/** A place in a queue. `leave` is O(1), so a client that hangs up costs nothing. */
export interface Place<T> {
  readonly value: T;
  /** Arrival, epoch milliseconds: comparable between workers. */
  readonly arrivedAtMs: number;
  leave(): boolean;
}

interface Node<T> extends Place<T> {
  previous: Node<T> | null;
  next: Node<T> | null;
  queued: boolean;
}

/** First in, first out, with removal from the middle: a doubly linked list. */
export class WaitQueue<T> {
  private head: Node<T> | null = null;
  private tail: Node<T> | null = null;
  private count = 0;

  get length(): number {
    return this.count;
  }

  /** Arrival of the oldest, epoch milliseconds; null when empty. */
  get oldestMs(): number | null {
    return this.head?.arrivedAtMs ?? null;
  }

  get newestMs(): number | null {
    return this.tail?.arrivedAtMs ?? null;
  }

  push(value: T, arrivedAtMs: number): Place<T> {
    const node: Node<T> = {
      value,
      arrivedAtMs,
      previous: this.tail,
      next: null,
      queued: true,
      leave: () => this.unlink(node),
    };
    if (this.tail === null) this.head = node;
    else this.tail.next = node;
    this.tail = node;
    this.count += 1;
    return node;
  }

  shift(): T | null {
    const node = this.head;
    if (node === null) return null;
    this.unlink(node);
    return node.value;
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
