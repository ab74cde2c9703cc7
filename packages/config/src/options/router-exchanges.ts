import { duration, integer } from '../option';

/** Async requests (request-path section 7) and WebSockets. */
export const exchangeOptions = {
  async: {
    checkInterval: duration({
      default: '3s',
      description:
        'How often an instance is asked how far it is with an async request, unless a header says otherwise.',
    }),
    timeout: duration({
      default: '60s',
      description: 'So long at most an async request holds its slot, unless a header says otherwise.',
    }),
    maxTimeout: duration({ default: '4h', description: 'What such a header may say at most.' }),
    maxStatusChecks: integer(1, 1_000_000, {
      default: 50,
      description:
        'So often at most an instance is asked about one async request: long ones are asked about less often.',
    }),
  },
  webSocket: {
    idleTimeout: duration({
      default: '500s',
      description: 'A WebSocket on which both sides are silent for so long is closed with 1011.',
    }),
    maxAge: duration({
      default: '24h',
      description: 'A WebSocket is closed when it is this old, so that its client has to prove itself anew.',
    }),
    maxMessageBytes: integer(1, Number.MAX_SAFE_INTEGER, {
      default: 41_943_040,
      description: 'Longest WebSocket message in either direction, in bytes as they are sent.',
    }),
  },
} as const;
