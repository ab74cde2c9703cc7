import type { Request } from 'express';
import { isMap, parseJson, WaiterError } from '@waiter/core';
import type { Json } from '@waiter/core';

const LONGEST = 256 * 1024;

/** @throws WaiterError 413 when it is too long */
export async function bodyOf(request: Request): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > LONGEST) throw new WaiterError('Request body is too long', { status: 413 });
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** The body as JSON, whatever its `Content-Type` says. @throws WaiterError 400 when it is none, 413 when it is too long */
export async function jsonBody(request: Request): Promise<Json> {
  const json = parseJson((await bodyOf(request)).toString('utf8'));
  if (json === undefined) throw new WaiterError('Invalid JSON payload', { status: 400 });
  return json;
}

/** The same, where an object is wanted. */
export async function jsonMapBody(request: Request): Promise<{ [key: string]: Json }> {
  const json = await jsonBody(request);
  if (!isMap(json)) throw new WaiterError('Invalid JSON payload', { status: 400 });
  return json;
}
