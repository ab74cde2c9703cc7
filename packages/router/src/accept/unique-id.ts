import { randomBytes } from 'node:crypto';

/** Random part of ids; renewed now and then, so that one request costs an increment and not a call to the system. */
let prefix = '';
let count = 0;
/** The time as it is written in ids, which costs more than the rest of them: not made anew within a millisecond. */
let time = '';
let timeAt = -Infinity;

/** `<time base 16>-<random and counter base 16>`: unique in the fleet (spec: request-path 0.3). */
export function newUniqueId(): string {
  const now = performance.now();
  if (now - timeAt >= 1) {
    time = Math.round((performance.timeOrigin + now) * 1e6).toString(16);
    timeAt = now;
  }
  if (count === 0) prefix = randomBytes(6).toString('hex');
  count = (count + 1) % 65_536;
  return `${time}-${prefix}${count.toString(16)}`;
}
