import type { ServiceDefinition } from '@grpc/grpc-js';

/** What `CollectPackages` and the others are sent. */
export interface Package {
  /**
   * Says what is to happen: with `.SEND_ERROR` in it the call ends with CANCELLED, with `.UNAVAILABLE` with UNAVAILABLE
   * before any answer, with `.EXIT_PRE_RESPONSE` and `.EXIT_POST_RESPONSE` the process ends before or after the answer.
   */
  readonly id: string;
  readonly message?: string;
  readonly sleepMs?: number;
}

export interface Delivery {
  readonly id: string;
  readonly message: string;
}

/** Of the packages so far. */
export interface Summary {
  readonly packages: number;
  readonly characters: number;
}

/** One call that the courier had. */
export interface CourierCall {
  readonly method: string;
  readonly cid: string | null;
  /** Whole messages that arrived. */
  readonly messages: number;
  /** It ended before it was answered, and not by its deadline as the courier keeps it. */
  readonly cancelled: boolean;
  /** It ended, in whatever way. */
  readonly over: boolean;
}

export interface CourierState {
  readonly calls: readonly CourierCall[];
}

const write = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const read = <T>(bytes: Buffer): T => JSON.parse(bytes.toString()) as T;

function method<Request, Response>(name: string, requestStream: boolean, responseStream: boolean) {
  return {
    path: `/kitchen.Courier/${name}`,
    requestStream,
    responseStream,
    requestSerialize: (value: Request) => write(value),
    requestDeserialize: (bytes: Buffer) => read<Request>(bytes),
    responseSerialize: (value: Response) => write(value),
    responseDeserialize: (bytes: Buffer) => read<Response>(bytes),
  };
}

/** The gRPC service `kitchen.Courier`; its messages are JSON, so that no compiler of messages is needed. */
export const courierService = {
  SendPackage: method<Package, Delivery>('SendPackage', false, false),
  /** A summary for each package. */
  CollectPackages: method<Package, Summary>('CollectPackages', true, true),
  AggregatePackages: method<Package, Summary>('AggregatePackages', true, false),
  /** A delivery for each character of the message. */
  SplitPackage: method<Package, Delivery>('SplitPackage', false, true),
  RetrieveState: method<Record<string, never>, CourierState>('RetrieveState', false, false),
} satisfies ServiceDefinition;
