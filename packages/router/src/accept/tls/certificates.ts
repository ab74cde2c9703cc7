import type { SecureContext, SecureContextOptions } from 'node:tls';
import { certificateFor, readCertificate, type Certificate, type CertificateFiles } from './certificate';
import { Expiry, type Expiring } from './expiry';

export interface CertificateEvents {
  onChange(): void;
  onFault(error: Error): void;
  onExpiring(one: Expiring): void;
}

/** The certificates of a listener; they are read again when their files change. */
export class Certificates {
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    private readonly files: readonly CertificateFiles[],
    private readonly settings: SecureContextOptions,
    private present: readonly Certificate[],
  ) {}

  /**
   * @param files the first is for clients that name no host, too, or one that no certificate is for
   * @throws Error that says which file is wrong
   */
  static async read(
    files: readonly CertificateFiles[],
    settings: SecureContextOptions,
  ): Promise<Certificates> {
    if (files.length === 0) throw new Error('TLS needs at least one certificate');
    return new Certificates(files, settings, await readAll(files, settings));
  }

  get first(): Certificate {
    const [first] = this.present;
    if (first === undefined) throw new Error('there is no certificate');
    return first;
  }

  contextFor(servername: string): SecureContext {
    return (certificateFor(this.present, servername) ?? this.first).context;
  }

  /**
   * Looks every `everyMs`. Files are replaced one after the other, so a pair that does not fit is left alone until it does:
   * what is in use stays in use.
   */
  watch(everyMs: number, { onChange, onFault, onExpiring }: CertificateEvents): void {
    let fault = '';
    const expiry = new Expiry(onExpiring);
    expiry.look(this.present, true);
    const look = async (): Promise<void> => {
      try {
        const found = await readAll(this.files, this.settings);
        fault = '';
        const fresh = !found.every((one, i) => isSame(one, this.present[i]));
        if (fresh) {
          this.present = found;
          onChange();
        }
        expiry.look(this.present, fresh);
      } catch (error) {
        // Once, not each time.
        if ((error as Error).message !== fault) onFault(error as Error);
        fault = (error as Error).message;
      }
    };
    let looking = false;
    this.timer = setInterval(() => {
      if (looking) return;
      looking = true;
      void look().finally(() => (looking = false));
    }, everyMs).unref();
  }

  close(): void {
    clearInterval(this.timer);
  }
}

function readAll(
  files: readonly CertificateFiles[],
  settings: SecureContextOptions,
): Promise<readonly Certificate[]> {
  return Promise.all(files.map((pair) => readCertificate(pair, settings)));
}

function isSame(one: Certificate, other: Certificate | undefined): boolean {
  return one.cert === other?.cert && one.key === other.key;
}
