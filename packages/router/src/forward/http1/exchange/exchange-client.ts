import type { ClientWire } from '../sockets/client-wire';

/** The connection whose request is exchanged. */
export interface ExchangeClient {
  readonly wire: ClientWire;
  /** Nothing more can be said to the client. */
  readonly gone: boolean;
  /** How the client is told what becomes of its connection, as header lines and the empty line after them. */
  connectionText(): string;
  pause(): void;
  resume(): void;
  /** The exchange with the instance is over. */
  exchangeOver(): void;
  /** The response is complete. */
  replied(): void;
  /** Nothing was sent to the client: it is told why. */
  answerError(error: unknown): void;
  /** The response cannot be completed. */
  breakOff(): void;
  destroy(): void;
  fault(error: unknown): void;
}
