import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { ServiceParameters } from '@waiter/core';
import { parse } from './json-reader';

/** The label that makes the scheduler a second memory of what a service is: a lost Redis is rebuilt from it. */
export const DESCRIPTION_LABEL = 'waiter-description';

/** Longer descriptions are compressed: Marathon keeps all labels of all apps in single ZooKeeper nodes of 1 MiB. */
const PLAIN_CHARACTERS = 1024;
const COMPRESSED = 'deflate:';
/** Far above any description; a label is other people's input. */
const MAX_BYTES = 4 * 1024 * 1024;

/** JSON, or `deflate:` and base64url of its raw deflate. */
export function encodeDescription(description: ServiceParameters): string {
  const json = JSON.stringify(description);
  if (json.length <= PLAIN_CHARACTERS) return json;
  return COMPRESSED + deflateRawSync(json).toString('base64url');
}

/** Null when the label is missing or unreadable. */
export function decodeDescription(label: string | null): ServiceParameters | null {
  if (label === null) return null;
  const value = parse(label.startsWith(COMPRESSED) ? inflate(label.slice(COMPRESSED.length)) : label);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}

function inflate(encoded: string): string {
  try {
    return inflateRawSync(Buffer.from(encoded, 'base64url'), { maxOutputLength: MAX_BYTES }).toString();
  } catch {
    return '';
  }
}
