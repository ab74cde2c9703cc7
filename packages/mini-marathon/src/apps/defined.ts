type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what is undefined, so that a spread keeps what was there. */
export function defined<T extends object>(value: T): Defined<T> {
  return Object.fromEntries(Object.entries(value).filter(([, inner]) => inner !== undefined)) as Defined<T>;
}
