import { isGrpc } from '@waiter/core';
import { lowerCaseName } from '../../accept';
import type { ReplyHead } from './sides';

/** `grpc-status` of a response's head; undefined: there is none, or the request is none of gRPC. */
export function grpcStatus(contentType: string | undefined, { rawHeaders }: ReplyHead): string | undefined {
  if (!isGrpc(contentType)) return undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (lowerCaseName(rawHeaders[i] ?? '') === 'grpc-status') return rawHeaders[i + 1]?.trim() || undefined;
  }
  return undefined;
}

/** Trailers with the status of the head in them, where the instance said it there and then sent a body (spec: 5.6). */
export function withGrpcStatus(trailers: readonly string[], status: string | undefined): readonly string[] {
  if (status === undefined || trailers.some((name, i) => i % 2 === 0 && /^grpc-status$/i.test(name)))
    return trailers;
  return [...trailers, 'grpc-status', status];
}
