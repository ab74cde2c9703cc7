import { duration } from '../option';

/** How long a router waits for clients and instances (request-path section 4), and for its own end. */
export const timeoutOptions = {
  queueTimeout: duration({
    default: '300s',
    description: 'How long a request waits for an instance, unless its token or header says otherwise.',
  }),
  socketTimeout: duration({
    default: '900s',
    description:
      'How long an instance may be silent, before its response begins (504) and within it, and a client within its upload ' +
      '(408), unless token or header say otherwise.',
  }),
  streamingTimeout: duration({
    default: '20s',
    description:
      'How long a client may take to read a piece of a response, and an instance to take a piece of an upload (503), ' +
      'unless token or header say otherwise.',
  }),
  connectTimeout: duration({ default: '5s', description: 'Time to connect to an instance.' }),
  drainTimeout: duration({
    default: '30s',
    description:
      'After SIGTERM: time for requests in flight to end before their connections are cut. Requests that still wait for an ' +
      'instance when four fifths of it are over are answered 503 with `retry-after`, and until then WebSockets are sent ' +
      'away one after the other. The same signal once more ends the router at once. Of the same length is the time that ' +
      'an instance that is to stop may have WebSockets; in its second half they are sent away.',
  }),
  idleLease: duration({
    default: '2s',
    description: 'A slot that a worker has not used for so long goes back.',
  }),
  clientIdleTimeout: duration({
    default: '200s',
    description: 'A client connection without a request for so long is closed.',
  }),
  requestHeadTimeout: duration({
    default: '60s',
    description:
      'A client has so long to send a whole request head, else it is answered 408, and for the handshake of TLS.',
  }),
  instanceIdleTimeout: duration({
    default: '4s',
    description: 'An idle connection to an instance is kept so long, or less where the instance says so.',
  }),
} as const;
