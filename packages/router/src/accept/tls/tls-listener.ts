import type { AddressInfo, Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import { Certificates, type CertificateEvents } from './certificates';
import { LAST_HEADS_MS } from '../last-heads';
import type { CertificateFiles } from './certificate';

export interface TlsListenerOptions {
  readonly certificates: readonly CertificateFiles[];
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  /** How often the files are looked at. */
  readonly reloadMs: number;
  /** A client has so long for the handshake. */
  readonly handshakeTimeoutMs: number;
  readonly http2: boolean;
}

/** What becomes of the certificates. */
export interface TlsEvents extends Omit<CertificateEvents, 'onChange'> {
  onReload(): void;
}

export interface TlsListenerHandlers extends TlsEvents {
  /** @returns false: one connection too many */
  admit(socket: Socket): boolean;
  secured(socket: TLSSocket): void;
}

/** TLS 1.2 with forward secrecy and authenticated encryption only, and what TLS 1.3 has (Mozilla's "intermediate", 5.7). */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** The port that speaks TLS: certificates by the name that the client asks for (SNI), protocols by ALPN. */
export class TlsListener {
  /** Raw connections whose handshake is not over, by the client's end: a secured one does not tell what is below it. */
  private readonly handshakes = new Map<string, Socket>();

  private constructor(
    private readonly server: Server,
    private readonly certificates: Certificates,
  ) {}

  /** @throws Error when a certificate is not usable */
  static async create(options: TlsListenerOptions, handlers: TlsListenerHandlers): Promise<TlsListener> {
    // Clients choose among these: those without hardware for AES know that best.
    const settings: SecureContextOptions = {
      minVersion: options.minVersion,
      ciphers: CIPHERS,
      honorCipherOrder: false,
    };
    const certificates = await Certificates.read(options.certificates, settings);
    const first = (): SecureContextOptions => {
      const { cert, key } = certificates.first;
      return { ...settings, cert, key };
    };
    const server = createServer({
      ...first(),
      ALPNProtocols: options.http2 ? ['h2', 'http/1.1'] : ['http/1.1'],
      SNICallback: (servername, done) => done(null, certificates.contextFor(servername)),
      handshakeTimeout: options.handshakeTimeoutMs,
      noDelay: true,
    });
    const listener = new TlsListener(server, certificates);
    listener.receive(handlers);
    certificates.watch(options.reloadMs, {
      ...handlers,
      onChange: () => {
        server.setSecureContext(first());
        handlers.onReload();
      },
    });
    return listener;
  }

  private receive({ admit, secured }: TlsListenerHandlers): void {
    const { server, handshakes } = this;
    const [shakeHands] = server.listeners('connection');
    if (shakeHands === undefined) throw new Error('node:tls does not listen to its connections');
    server.removeAllListeners('connection');
    server.on('connection', (socket: Socket) => {
      if (!admit(socket)) return void socket.destroy();
      const end = endOf(socket);
      handshakes.set(end, socket);
      socket.once('close', () => handshakes.delete(end));
      shakeHands.call(server, socket);
    });
    // Node leaves a handshake open that took too long.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
    server.on('secureConnection', (socket) => {
      handshakes.delete(endOf(socket));
      // Not before: a client that leaves in the middle of its handshake would never be let go.
      socket.allowHalfOpen = true;
      secured(socket);
    });
  }

  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Accepts no more connections; handshakes must end soon. @returns when every connection is closed */
  close(): Promise<void> {
    this.certificates.close();
    const timer = setTimeout(() => {
      for (const socket of this.handshakes.values()) socket.destroy();
    }, LAST_HEADS_MS);
    return new Promise((resolve) =>
      this.server.close(() => {
        clearTimeout(timer);
        resolve();
      }),
    );
  }
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
