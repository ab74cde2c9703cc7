import type { Request } from 'express';
import { WaiterError } from '@waiter/core';
import { bodyOf } from './body';

/** Text fields of a form, sent as multipart or as a query string. @throws WaiterError 400 or 413 */
export async function formFields(request: Request): Promise<ReadonlyMap<string, string>> {
  const bytes = await bodyOf(request);
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  try {
    const form = await new Response(new Uint8Array(bytes), { headers }).formData();
    return new Map([...form].flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])));
  } catch (cause) {
    throw new WaiterError('Invalid form', { status: 400, cause });
  }
}
