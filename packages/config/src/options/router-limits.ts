import { integer } from '../option';

/** What a router takes of a client at most. */
export const limitOptions = {
  requestHeaderSize: integer(1024, 1_048_576, {
    default: 32_768,
    description:
      'Longest request head in bytes; a longer one is answered 431, or 414 where its first line alone is longer.',
  }),
  requestHeaderCount: integer(1, 10_000, {
    default: 250,
    description: 'Most header fields of a request; with more it is answered 431.',
  }),
  maxRequestBody: integer(0, Number.MAX_SAFE_INTEGER, {
    default: 0,
    description:
      'Longest request body in bytes; with more it is answered 413. A token may say less (`max-request-body-bytes`). 0: any.',
  }),
  maxRequestRate: integer(0, 1_000_000, {
    default: 0,
    description:
      'Requests that one client connection may make in a second; the next is answered 429, and a connection of HTTP/1 ends with it. 0: any number.',
  }),
  maxConnections: integer(1, 1_000_000, {
    default: 20_000,
    description:
      'Open client connections of one worker; more are answered 503 and closed, or closed without a word on the port for TLS.',
  }),
} as const;
