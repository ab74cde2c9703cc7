import { setTimeout as sleep } from 'node:timers/promises';
import type * as Grpc from '@grpc/grpc-js';
import {
  courierService,
  type CourierCall,
  type Delivery,
  type Package,
  type Summary,
} from './courier-service';
import { certificate } from './listener';
import type { KitchenOptions } from './options';

export interface RunningCourier {
  readonly port: number;
  close(): void;
}

interface Tally {
  method: string;
  cid: string | null;
  messages: number;
  cancelled: boolean;
  over: boolean;
  answered: boolean;
}

/** Starts the gRPC side of the kitchen (spec: request-path appendix A, "courier"), if a port is given. */
export async function startCourier(
  options: KitchenOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<RunningCourier | null> {
  if (options.grpcPort === undefined) return null;
  const grpc = await import('@grpc/grpc-js'); // not at start-up: it costs time
  const calls: Tally[] = [];
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  const exit = options.exit ?? (() => server.forceShutdown());
  server.addService(courierService, handlers(grpc, calls, exit));
  const credentials = await credentialsOf(grpc, options, env);
  const port = await new Promise<number>((resolve, reject) => {
    const address = `${options.hostname ?? '127.0.0.1'}:${options.grpcPort ?? 0}`;
    server.bindAsync(address, credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  return { port, close: () => server.forceShutdown() };
}

async function credentialsOf(
  grpc: typeof Grpc,
  options: KitchenOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Grpc.ServerCredentials> {
  if (options.tls === undefined) return grpc.ServerCredentials.createInsecure();
  const { key, cert } = await certificate(options, env);
  return grpc.ServerCredentials.createSsl(null, [
    { private_key: Buffer.from(key), cert_chain: Buffer.from(cert) },
  ]);
}

function handlers(
  { status }: typeof Grpc,
  calls: Tally[],
  exit: (code: number) => void,
): Grpc.UntypedServiceImplementation {
  const begin = (method: string, call: AnyCall): Tally => {
    const tally: Tally = {
      method,
      cid: call.metadata.get('x-cid')[0]?.toString() ?? null,
      messages: 0,
      cancelled: false,
      over: false,
      answered: false,
    };
    calls.push(tally);
    // Grpc says so of every call in the end.
    call.on('cancelled', () => {
      tally.over = true;
      tally.cancelled = !tally.answered;
    });
    return tally;
  };
  /** @returns an error to end the call with */
  const obey = async ({ id, sleepMs }: Package): Promise<Grpc.ServiceError | null> => {
    if (sleepMs !== undefined) await sleep(sleepMs, undefined, { ref: false });
    if (id.includes('.EXIT_PRE_RESPONSE')) exit(1);
    const told = (code: number, details: string): Grpc.ServiceError =>
      Object.assign(new Error(details), { code, details, metadata: undefined as never });
    if (id.includes('.SEND_ERROR')) return told(status.CANCELLED, 'Cancelled by server');
    return id.includes('.UNAVAILABLE') ? told(status.UNAVAILABLE, 'Too busy') : null;
  };
  const after = ({ id }: Package): void => {
    if (id.includes('.EXIT_POST_RESPONSE')) setTimeout(() => exit(1), 20);
  };
  return {
    SendPackage: (call: Grpc.ServerUnaryCall<Package, Delivery>, answer: Grpc.sendUnaryData<Delivery>) => {
      const tally = begin('SendPackage', call);
      tally.messages += 1;
      void obey(call.request).then((error) => {
        tally.answered = !tally.cancelled;
        if (error !== null) return answer(error);
        const { id, message = '' } = call.request;
        answer(null, { id, message });
        after(call.request);
      });
    },
    SplitPackage: (call: Grpc.ServerWritableStream<Package, Delivery>) => {
      const tally = begin('SplitPackage', call);
      tally.messages += 1;
      void obey(call.request).then((error) => {
        tally.answered = !tally.cancelled;
        if (error !== null) return void call.emit('error', error);
        const { id, message = '' } = call.request;
        for (const character of message) call.write({ id, message: character });
        call.end();
      });
    },
    AggregatePackages: (
      call: Grpc.ServerReadableStream<Package, Summary>,
      answer: Grpc.sendUnaryData<Summary>,
    ) => {
      const tally = begin('AggregatePackages', call);
      let characters = 0;
      void read(call, tally, obey, (one) => {
        characters += one.message?.length ?? 0;
      }).then((error) => {
        tally.answered = !tally.cancelled;
        if (error !== null) answer(error);
        else answer(null, { packages: tally.messages, characters });
      });
    },
    CollectPackages: (call: Grpc.ServerDuplexStream<Package, Summary>) => {
      const tally = begin('CollectPackages', call);
      let characters = 0;
      void read(call, tally, obey, (one) => {
        characters += one.message?.length ?? 0;
        call.write({ packages: tally.messages, characters });
        after(one);
      }).then((error) => {
        tally.answered = !tally.cancelled;
        if (error !== null) call.emit('error', error);
        else call.end();
      });
    },
    RetrieveState: (_call: unknown, answer: Grpc.sendUnaryData<{ calls: CourierCall[] }>) =>
      answer(null, { calls: calls.map(({ answered: _, ...call }) => call) }),
  };
}

/** What calls of all kinds have in common. */
interface AnyCall {
  readonly metadata: Grpc.Metadata;
  on(event: 'cancelled', listener: () => void): unknown;
}

/**
 * Takes the packages of a call one after the other. Not by `for await`, which destroys the answering side with the asking one.
 * @returns an error to end the call with
 */
function read(
  call: Grpc.ServerReadableStream<Package, Summary> | Grpc.ServerDuplexStream<Package, Summary>,
  tally: Tally,
  obey: (one: Package) => Promise<Grpc.ServiceError | null>,
  take: (one: Package) => void,
): Promise<Grpc.ServiceError | null> {
  return new Promise((resolve) => {
    call.on('data', (one: Package) => {
      call.pause();
      void obey(one).then((error) => {
        if (error !== null) return resolve(error);
        tally.messages += 1;
        take(one);
        call.resume();
      });
    });
    call.once('end', () => resolve(null));
    call.once('cancelled', () => resolve(null));
    call.on('error', () => undefined);
  });
}
