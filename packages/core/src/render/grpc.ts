/** Whether a request is one of gRPC: exactly by this name, as in the original (spec: request-path 5.6). */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType === 'application/grpc';
}

/** grpc-status by HTTP status; the others have none (spec: request-path 5.6). */
const GRPC_STATUS: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  429: 14,
  500: 13,
  502: 14,
  503: 14,
  504: 4,
};

/** What they mean where nobody says more. */
const GRPC_MESSAGE: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Permission Denied',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** As the gRPC protocol writes messages: bytes that are not printable ASCII, and `%`, as `%XX`. */
function percentEncoded(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      byte >= 0x20 && byte <= 0x7e && byte !== 0x25
        ? String.fromCharCode(byte)
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('');
}

/** Headers of a response without body that tell a gRPC client what went wrong. */
export function grpcHeaders(status: number, message: string): Record<string, string> {
  const code = GRPC_STATUS[status];
  if (code === undefined) return {};
  return { 'grpc-status': String(code), 'grpc-message': percentEncoded(message.replace(/\r?\n/g, '; ')) };
}

/** The same for an answer that is no error of ours and says nothing for gRPC; null: it has no meaning there. */
export function grpcRefusal(status: number): Record<string, string> | null {
  const message = GRPC_MESSAGE[status];
  return message === undefined
    ? null
    : { 'content-type': 'application/grpc', ...grpcHeaders(status, message) };
}
