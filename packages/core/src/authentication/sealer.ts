import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** No browser keeps more; what is longer is not ours. */
const LONGEST = 4096;

/**
 * Seals what clients keep for us: signed and encrypted in one (AES-256-GCM), in a form of our own,
 * `base64url(nonce, tag, encrypted text)`. The first password seals, every password may have sealed, so that passwords
 * can be rotated.
 */
export class Sealer {
  private readonly keys: readonly Buffer[];

  constructor(
    passwords: readonly string[],
    /** Part of what is signed: another cluster's seals are not ours. */
    private readonly cluster: string,
    /** What is sealed for one purpose is worth nothing for another. */
    purpose: string,
  ) {
    this.keys = (passwords.length === 0 ? [randomBytes(32).toString('hex')] : passwords).map((password) =>
      Buffer.from(hkdfSync('sha256', password, cluster, purpose, 32)),
    );
  }

  /** @param bearer whom it is for, if only he may show it: part of what is signed */
  seal(text: string, bearer = ''): string {
    const nonce = randomBytes(NONCE_BYTES);
    const [key = Buffer.alloc(0)] = this.keys;
    const cipher = createCipheriv(CIPHER, key, nonce).setAAD(this.signed(bearer));
    const encrypted = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString('base64url');
  }

  /** @returns null for what was not sealed by us, for this purpose and bearer, or was changed */
  open(sealed: string, bearer = ''): string | null {
    const bytes = sealed.length > LONGEST ? Buffer.alloc(0) : Buffer.from(sealed, 'base64url');
    // One way to write it: else what is not looked at could be anything.
    if (bytes.length <= NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== sealed) return null;
    for (const key of this.keys) {
      const text = decrypt(key, bytes, this.signed(bearer));
      if (text !== null) return text;
    }
    return null;
  }

  private signed(bearer: string): Buffer {
    return Buffer.from(bearer === '' ? this.cluster : `${this.cluster}\n${bearer}`);
  }
}

function decrypt(key: Buffer, bytes: Buffer, signed: Buffer): string | null {
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(signed)
    .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    const encrypted = bytes.subarray(NONCE_BYTES + TAG_BYTES);
    return Buffer.concat([decipher.update(encrypted), decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}
