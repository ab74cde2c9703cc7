import { randomBytes } from 'node:crypto';

/** Two hexadecimal digits of each byte. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Time and random part of ids: of those within one millisecond only the counter differs, and to write it is cheap. */
let start = '';
let startedAt = -Infinity;
let count = 0;

/** `<time base 16>-<random and counter base 16>`: unique in the fleet (spec: request-path 0.3). */
export function newUniqueId(now = performance.now()): string {
  count = (count + 1) % 65_536;
  if (now - startedAt >= 1 || count === 0) {
    const time = Math.round((performance.timeOrigin + now) * 1e6).toString(16);
    start = `${time}-${randomPart()}`;
    startedAt = now;
  }
  return start + HEX[count >> 8] + HEX[count & 0xff];
}

let random = '';
let uses = 0;

/** Renewed now and then, so that an id costs no call to the system. */
function randomPart(): string {
  if (uses === 0) random = randomBytes(6).toString('hex');
  uses = (uses + 1) % 1_024;
  return random;
}
