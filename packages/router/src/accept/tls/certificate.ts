import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';

/** A certificate (PEM, with the intermediate ones after it) and its private key (PEM, without a passphrase). */
export interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate that is in use. */
export interface Certificate {
  readonly file: string;
  readonly cert: string;
  readonly key: string;
  readonly parsed: X509Certificate;
  readonly context: SecureContext;
}

/** @throws Error that names the file, when one cannot be read or the two are no pair */
export async function readCertificate(
  { certFile, keyFile }: CertificateFiles,
  settings: SecureContextOptions,
): Promise<Certificate> {
  const [cert, key] = await Promise.all([text(certFile), text(keyFile)]);
  const parsed = parse(certFile, () => new X509Certificate(cert));
  const privateKey = parse(keyFile, () => createPrivateKey(key));
  if (!parsed.checkPrivateKey(privateKey)) throw new Error(`${keyFile} is not the key of ${certFile}`);
  return {
    file: certFile,
    cert,
    key,
    parsed,
    context: parse(certFile, () => createSecureContext({ ...settings, cert, key })),
  };
}

/** The first that names this host itself, else the first whose wildcard covers it (RFC 6125 6.4). */
export function certificateFor(
  certificates: readonly Certificate[],
  servername: string,
): Certificate | undefined {
  const naming = (wildcards: boolean): Certificate | undefined =>
    certificates.find(({ parsed }) => parsed.checkHost(servername, { wildcards }) !== undefined);
  return naming(false) ?? naming(true);
}

function text(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new Error(`${file} cannot be read: ${error.message}`, { cause: error });
  });
}

function parse<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${file} is not valid PEM: ${(error as Error).message}`, { cause: error });
  }
}
