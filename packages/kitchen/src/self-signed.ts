/** DER: tag, length, content. */
function der(tag: number, ...contents: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(
    contents.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)),
  );
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  if (length < 0x100) return Buffer.concat([Buffer.from([tag, 0x81, length]), content]);
  return Buffer.concat([Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}
const sequence = (...contents: Buffer[]): Buffer => der(0x30, ...contents);
const utcTime = (at: Date): Buffer =>
  der(
    0x17,
    Buffer.from(
      at
        .toISOString()
        .replaceAll(/[-:T]|\.\d+/g, '')
        .slice(2),
    ),
  );

const OID = {
  commonName: '550403',
  subjectAltName: '551d11',
  basicConstraints: '551d13',
  ecdsaSha256: '2a8648ce3d040302',
};

/**
 * A fresh P-256 key and a certificate of one year for these hosts and 127.0.0.1, signed by itself. Written by hand
 * because node makes no certificates, openssl may be missing, and a committed private key would be worse.
 */
export async function selfSigned(
  now = new Date(),
  hosts: readonly [string, ...string[]] = ['localhost'],
): Promise<{ key: string; cert: string }> {
  const { generateKeyPairSync, randomBytes, sign } = await import('node:crypto'); // not at start-up: it costs time
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = sequence(der(0x06, OID.ecdsaSha256));
  const name = sequence(der(0x31, sequence(der(0x06, OID.commonName), der(0x0c, Buffer.from(hosts[0])))));
  const serial = der(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(8)])); // the first byte keeps it positive
  const names = sequence(
    ...hosts.map((host) => der(0x82, Buffer.from(host))),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  );
  const extensions = sequence(
    sequence(der(0x06, OID.subjectAltName), der(0x04, names)),
    sequence(der(0x06, OID.basicConstraints), der(0x01, 'ff'), der(0x04, sequence(der(0x01, 'ff')))),
  );
  const certificate = sequence(
    der(0xa0, der(0x02, '02')), // version 3
    serial,
    algorithm,
    name,
    sequence(utcTime(new Date(now.getTime() - 60_000)), utcTime(new Date(now.getTime() + 365 * 86_400_000))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = der(0x03, '00', sign('sha256', certificate, privateKey));
  const body = sequence(certificate, algorithm, signature)
    .toString('base64')
    .replaceAll(/.{64}/g, '$&\n')
    .trimEnd();
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`,
  };
}
