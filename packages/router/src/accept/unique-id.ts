import { randomBytes } from 'node:crypto';

/** Random part of ids; renewed now and then, so that one request costs an increment and not a call to the system. */
let prefix = '';
let count = 0;

/** `<time base 16>-<random and counter base 16>`: unique in the fleet (spec: request-path 0.3). */
export function newUniqueId(): string {
  if (count === 0) prefix = randomBytes(6).toString('hex');
  count = (count + 1) % 65_536;
  return `${Math.round((performance.timeOrigin + performance.now()) * 1e6).toString(16)}-${prefix}${count.toString(16)}`;
}
