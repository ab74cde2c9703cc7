import { randomBytes } from 'node:crypto';

/** Longest reason beside the code (RFC 6455 5.5). */
const MAX_REASON_BYTES = 123;

/**
 * A close frame (RFC 6455 5.5.1).
 * @param code such as 1011; @param masked towards an instance, whose client the router is (RFC 6455 5.1)
 */
export function closeFrame(code: number, reason: string, masked: boolean): Buffer {
  const words = Buffer.from(reason).subarray(0, MAX_REASON_BYTES);
  const payload = Buffer.alloc(2 + words.length);
  payload.writeUInt16BE(code);
  words.copy(payload, 2);
  if (!masked) return Buffer.concat([Buffer.from([0x88, payload.length]), payload]);
  const mask = randomBytes(4);
  for (let i = 0; i < payload.length; i += 1) payload[i] = (payload[i] ?? 0) ^ (mask[i % 4] ?? 0);
  return Buffer.concat([Buffer.from([0x88, 0x80 | payload.length]), mask, payload]);
}
