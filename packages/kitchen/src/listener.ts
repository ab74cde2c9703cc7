import { createServer, type Server, type ServerOptions } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { KitchenOptions } from './options';
import { selfSigned } from './self-signed';

/** The HTTP or HTTPS server, set up so that only the kitchen's own knobs end connections and requests. */
export async function makeListener(
  options: KitchenOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Server> {
  const http: ServerOptions = {
    keepAliveTimeout: options.keepAliveTimeoutMs ?? 120_000,
    requestTimeout: 0,
    headersTimeout: 0,
    maxHeaderSize: 128 * 1024, // case 17 sends a header of 24 000 characters
  };
  if (options.tls === undefined) return createServer(http);
  const https = await import('node:https');
  return https.createServer({ ...http, ...(await certificate(options, env)) });
}

async function certificate(
  options: KitchenOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ key: string; cert: string; passphrase?: string }> {
  if (options.tls === 'self-signed') return selfSigned();
  const { CERT_PATH, KEY_PATH, KEY_PASSWORD } = env;
  if (!CERT_PATH || !KEY_PATH) throw new Error('--ssl needs CERT_PATH and KEY_PATH in the environment');
  const [cert, key] = await Promise.all([readFile(CERT_PATH, 'utf8'), readFile(KEY_PATH, 'utf8')]);
  return { cert, key, ...(KEY_PASSWORD ? { passphrase: KEY_PASSWORD } : {}) };
}
