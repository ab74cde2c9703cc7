import { ReusedInput, SharedInput } from './input';

/** Heads are shorter, nearly always. */
const HEAD_BYTES = 16_384;
const BODY_BYTES = 65_536;
/** So many are kept for the next uploads. */
const MAX_FREE = 64;

/** Buffers of a lane's client connections: one for all heads, and one for each upload under way. */
export class ClientBuffers {
  readonly heads = new SharedInput(HEAD_BYTES);
  private readonly free: ReusedInput[] = [];

  takeForBody(): ReusedInput {
    return this.free.pop() ?? new ReusedInput(BODY_BYTES);
  }

  giveBack(input: ReusedInput): void {
    input.forget();
    if (this.free.length < MAX_FREE) this.free.push(input);
  }
}
