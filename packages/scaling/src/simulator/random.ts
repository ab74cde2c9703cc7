/** A stream of numbers in [0, 1). */
export type Random = () => number;

/**
 * sfc32 by Chris Doty-Humphrey (PractRand), seeded through splitmix32. Streams with different names are independent, so that
 * two policies get the same arrivals and the same service times whatever else they draw.
 */
export function randomStream(seed: number, name: string): Random {
  let hash = seed | 0;
  for (let index = 0; index < name.length; index += 1)
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x5bd1e995) + 1;
  const next = (): number => {
    hash = (hash + 0x9e3779b9) | 0;
    let mixed = hash ^ (hash >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
  let a = next();
  let b = next();
  let c = next();
  let counter = 1;
  return () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
}

/** A standard exponential number. */
export const exponential = (random: Random): number => -Math.log(1 - random());

/** A standard normal number (Box and Muller; the second of the pair is not used, which keeps streams aligned). */
export const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
