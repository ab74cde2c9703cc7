import { integer } from '../option';

/** What a router takes of a client at most. */
export const limitOptions = {
  requestHeaderSize: integer(1024, 1_048_576, {
    default: 32_768,
    description: 'Longest accepted request head in bytes.',
  }),
  requestHeaderCount: integer(1, 10_000, {
    default: 250,
    description: 'Most header fields of a request (HTTP/1); with more it is answered 431.',
  }),
  maxRequestBody: integer(0, Number.MAX_SAFE_INTEGER, {
    default: 0,
    description: 'Longest request body in bytes; with more it is answered 413. 0: any.',
  }),
  maxRequestRate: integer(0, 1_000_000, {
    default: 0,
    description:
      'Requests that one client connection (HTTP/1) may make in a second; the next is answered 429. 0: any number.',
  }),
  maxConnections: integer(1, 1_000_000, {
    default: 20_000,
    description: 'Open client connections of one worker; more are answered 503 and closed.',
  }),
} as const;
