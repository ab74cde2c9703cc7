import type * as Grpc from '@grpc/grpc-js';
import {
  courierService,
  type CourierState,
  type Delivery,
  type Package,
  type Summary,
} from './courier-service';

type Unary<Request, Response> = (
  request: Request,
  metadata: Grpc.Metadata,
  options: Grpc.CallOptions,
  answer: Grpc.requestCallback<Response>,
) => Grpc.ClientUnaryCall;

interface CourierStub extends Grpc.Client {
  SendPackage: Unary<Package, Delivery>;
  RetrieveState: Unary<Record<string, never>, CourierState>;
  AggregatePackages(
    metadata: Grpc.Metadata,
    options: Grpc.CallOptions,
    answer: Grpc.requestCallback<Summary>,
  ): Grpc.ClientWritableStream<Package>;
  SplitPackage(
    request: Package,
    metadata: Grpc.Metadata,
    options: Grpc.CallOptions,
  ): Grpc.ClientReadableStream<Delivery>;
  CollectPackages(
    metadata: Grpc.Metadata,
    options: Grpc.CallOptions,
  ): Grpc.ClientDuplexStream<Package, Summary>;
}

/** What a call came to: an answer, or the status it ended with. */
export interface CallEnd<Answer> {
  readonly answer: Answer | null;
  /** Of gRPC; 0 is OK. */
  readonly code: number;
  readonly details: string;
  readonly trailers: Readonly<Record<string, unknown>>;
}

/** A client of the courier with real gRPC beneath. Calls never reject: their status is told. */
export class CourierClient {
  private constructor(
    private readonly grpc: typeof Grpc,
    private readonly stub: CourierStub,
    private readonly headers: Readonly<Record<string, string>>,
  ) {}

  /** @param headers that each call has as metadata, such as `x-waiter-token` */
  static async open(
    address: string,
    headers: Readonly<Record<string, string>> = {},
    options: { readonly rootCertificate?: Buffer; readonly channel?: Grpc.ChannelOptions } = {},
  ): Promise<CourierClient> {
    const grpc = await import('@grpc/grpc-js');
    const Stub = grpc.makeClientConstructor(courierService, 'Courier');
    const credentials =
      options.rootCertificate === undefined
        ? grpc.credentials.createInsecure()
        : grpc.credentials.createSsl(options.rootCertificate);
    // Its own connection, and no retries unless asked for: tests count the calls that arrive.
    const channel = {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.max_receive_message_length': -1,
      ...options.channel,
    };
    return new CourierClient(
      grpc,
      new Stub(address, credentials, channel) as unknown as CourierStub,
      headers,
    );
  }

  private metadata(more: Readonly<Record<string, string>>): Grpc.Metadata {
    const metadata = new this.grpc.Metadata();
    for (const [name, value] of Object.entries({ ...this.headers, ...more })) metadata.set(name, value);
    return metadata;
  }

  private unary<Response>(
    begin: (answer: Grpc.requestCallback<Response>) => unknown,
  ): Promise<CallEnd<Response>> {
    return new Promise((resolve) => {
      begin((error, answer) =>
        resolve({
          answer: answer ?? null,
          code: error?.code ?? 0,
          details: error?.details ?? '',
          trailers: error?.metadata.getMap() ?? {},
        }),
      );
    });
  }

  sendPackage(
    one: Package,
    headers: Readonly<Record<string, string>> = {},
    options: Grpc.CallOptions = {},
  ): Promise<CallEnd<Delivery>> {
    return this.unary((answer) => this.stub.SendPackage(one, this.metadata(headers), options, answer));
  }

  retrieveState(): Promise<CallEnd<CourierState>> {
    return this.unary((answer) => this.stub.RetrieveState({}, this.metadata({}), {}, answer));
  }

  aggregatePackages(packages: Iterable<Package>): Promise<CallEnd<Summary>> {
    return this.unary((answer) => {
      const call = this.stub.AggregatePackages(this.metadata({}), {}, answer);
      for (const one of packages) call.write(one);
      call.end();
    });
  }

  splitPackage(one: Package): Grpc.ClientReadableStream<Delivery> {
    return this.stub.SplitPackage(one, this.metadata({}), {});
  }

  collectPackages(
    headers: Readonly<Record<string, string>> = {},
    options: Grpc.CallOptions = {},
  ): Grpc.ClientDuplexStream<Package, Summary> {
    return this.stub.CollectPackages(this.metadata(headers), options);
  }

  close(): void {
    this.stub.close();
  }
}
