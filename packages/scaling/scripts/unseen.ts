/**
 * `predictive` against its four rivals on kinds of load that nothing was chosen on. Prints one line per load and writes the
 * second table of docs/autoscaling.md.
 *
 *   nice npx tsx packages/scaling/scripts/unseen.ts
 */
import { intoDocument } from './document';
import { unseenLoads } from './unseen-loads';
import { verdictLines } from './verdict-lines';

const SEED = 11;

intoDocument('unseen', ['', ...verdictLines(unseenLoads(SEED), SEED), '']);
