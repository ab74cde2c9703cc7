import Joi from 'joi';
import { choice, duration, flag, integer, object, optionalText } from './option';

export interface CertificatePair {
  readonly certFile: string;
  readonly keyFile: string;
}

/** The port of routers that speaks TLS to clients. */
export const tlsOptions = {
  port: integer(0, 65_535, {
    default: 0,
    description: 'Second port, for TLS: HTTP/1.1, and HTTP/2 by ALPN. 0: none.',
  }),
  certificates: object<readonly CertificatePair[], readonly CertificatePair[]>(
    Joi.array().items(Joi.object({ certFile: Joi.string().required(), keyFile: Joi.string().required() })),
    {
      default: [],
      description:
        'PEM files, `[{"certFile": "...", "keyFile": "..."}]`: a certificate (the intermediate ones after it) and its key. Clients ' +
        'get the one that names their host (SNI), else the first.',
    },
    (written) => written,
    (compiled) => compiled,
  ),
  minVersion: choice(['TLSv1.2', 'TLSv1.3'], {
    default: 'TLSv1.2',
    description: 'Oldest version of TLS that is spoken.',
  }),
  reload: duration({
    default: '10s',
    description:
      'How often the files are looked at. New certificates are used for new connections; files that do not fit each other are left ' +
      'alone until they do.',
  }),
} as const;

/** How routers speak TLS to instances. */
export const backendTlsOptions = {
  verify: flag({
    default: false,
    description:
      'Whether instances with `backend-proto` https or h2 must prove by their certificates that they are the host that they run on.',
  }),
  caFile: optionalText({
    description:
      'PEM file with the authorities that instances are trusted by, in place of the well-known ones.',
  }),
} as const;
