import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chmod, copyFile, mkdir } from 'node:fs/promises';
import { basename, dirname, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import type { Artifact } from '../apps/definition';
import { unpackCommand } from './archive';

const PATIENCE_MS = 10 * 60_000;

/**
 * Brings what an app asks for into the sandbox, as the Mesos fetcher does: copied or downloaded, then unpacked (archives
 * are known by their names) or made executable.
 * @throws Error at the first that fails, with the reason
 */
export async function fetchArtifacts(
  artifacts: readonly Artifact[],
  sandbox: string,
  signal: AbortSignal,
): Promise<void> {
  for (const artifact of artifacts) {
    const path = placeOf(artifact, sandbox);
    await mkdir(dirname(path), { recursive: true });
    await bring(artifact.uri, path, AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]));
    if (artifact.executable === true) await chmod(path, 0o755);
    else if (artifact.extract !== false) await unpack(path, sandbox, signal);
  }
}

function placeOf({ uri, destPath }: Artifact, sandbox: string): string {
  const name = basename(decodeURIComponent(uri.replace(/[?#].*$/, ''))) || 'download';
  const path = resolve(sandbox, destPath ?? name);
  if (!path.startsWith(sandbox + sep)) throw new Error(`${destPath ?? name} lies outside the sandbox`);
  return path;
}

async function bring(uri: string, path: string, signal: AbortSignal): Promise<void> {
  if (uri.startsWith('/')) return copyFile(uri, path);
  const url = new URL(uri);
  if (url.protocol === 'file:') return copyFile(fileURLToPath(url), path);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`${uri}: the scheme ${url.protocol.slice(0, -1)} is not supported here`);
  }
  const answer = await fetch(url, { signal });
  if (!answer.ok || answer.body === null) throw new Error(`${uri}: status ${answer.status}`);
  await pipeline(Readable.fromWeb(answer.body), createWriteStream(path), { signal });
}

async function unpack(path: string, sandbox: string, signal: AbortSignal): Promise<void> {
  const command = unpackCommand(path, sandbox);
  if (command === undefined) return;
  const [program = '', ...args] = command;
  await new Promise<void>((done, fail) => {
    const child = spawn(program, args, { cwd: sandbox, stdio: 'ignore', signal });
    child.on('error', fail);
    child.on('exit', (code) =>
      code === 0 ? done() : fail(new Error(`${program} ended with ${code} for ${basename(path)}`)),
    );
  });
}
