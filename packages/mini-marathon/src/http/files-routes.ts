import type { Stats } from 'node:fs';
import { lstat, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import type { Request } from 'express';
import { Router } from 'express';
import { ApiError } from '../api-error';
import type { Cluster } from '../cluster';
import { values } from './request';

const MAX_READ = 1024 * 1024;
/** A sandbox in the path form of a Mesos agent, which Waiter makes from slave, framework and task id (4A.7). */
const EXECUTOR_PATH = /\/executors\/([^/]+)\/runs\/(?:latest|[^/]+)(\/.*)?$/;

/**
 * The files API of a Mesos agent (4A.9), over the sandboxes and nothing else. Paths may be absolute (as `directory` in
 * `/state.json` is), in the form of a Mesos agent, or relative to the sandboxes.
 */
export function filesRoutes(cluster: Cluster): Router {
  const router = Router();
  const root = cluster.sandboxes.root;

  router.get(['/files/browse', '/files/browse.json'], async (request, response) => {
    const asked = pathOf(request);
    const directory = await locate(root, asked);
    if (!(await stat(directory)).isDirectory()) throw notFound();
    const names = (await readdir(directory)).sort();
    const entries = await Promise.all(
      names.map(async (name) => fileView(join(asked, name), await lstat(join(directory, name)))),
    );
    response.json(entries);
  });

  router.get(['/files/read', '/files/read.json'], async (request, response) => {
    const path = await locateFile(root, pathOf(request));
    const offset = numberOf(request, 'offset', -1);
    const file = await open(path);
    try {
      const { size } = await file.stat();
      // Without an offset the answer is where the end is.
      if (offset < 0) {
        response.json({ data: '', offset: size });
        return;
      }
      const length = Math.min(numberOf(request, 'length', MAX_READ), MAX_READ, Math.max(0, size - offset));
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
      response.json({ data: buffer.toString('utf8', 0, bytesRead), offset });
    } finally {
      await file.close();
    }
  });

  router.get(['/files/download', '/files/download.json'], async (request, response) => {
    const path = await locateFile(root, pathOf(request));
    response.set('Content-Disposition', `attachment; filename="${basename(path).replaceAll('"', '')}"`);
    response.type('application/octet-stream');
    response.sendFile(path, { dotfiles: 'allow', cacheControl: false, etag: false, lastModified: false });
  });

  return router;
}

function pathOf(request: Request): string {
  const path = values(request, 'path')[0];
  if (path === undefined || path === '')
    throw new ApiError(400, { message: "Expecting 'path=value' in query." });
  return path;
}

function numberOf(request: Request, name: string, byDefault: number): number {
  const text = values(request, name)[0];
  const value = text === undefined ? byDefault : Number(text);
  if (!Number.isSafeInteger(value))
    throw new ApiError(400, { message: `Failed to parse ${name}: '${text}'` });
  return value;
}

/** The real path. @throws ApiError 404 where nothing is, 403 where it lies outside the sandboxes (symbolic links included) */
async function locate(root: string, asked: string): Promise<string> {
  const executor = EXECUTOR_PATH.exec(asked);
  const path =
    executor?.[1] === undefined ? resolve(root, asked) : join(root, executor[1], executor[2] ?? '');
  if (!isInside(root, path)) throw forbidden();
  let real: string;
  try {
    real = await realpath(path);
  } catch {
    throw notFound();
  }
  if (!isInside(await realpath(root), real)) throw forbidden();
  return real;
}

async function locateFile(root: string, asked: string): Promise<string> {
  const path = await locate(root, asked);
  if (!(await stat(path)).isFile())
    throw new ApiError(400, { message: 'Requested path is not a regular file' });
  return path;
}

const isInside = (root: string, path: string): boolean => path === root || path.startsWith(root + sep);
const notFound = () => new ApiError(404, { message: 'Not found' });
const forbidden = () => new ApiError(403, { message: 'Forbidden' });

function fileView(path: string, stats: Stats) {
  return {
    path,
    size: stats.size,
    mode: modeText(stats),
    mtime: stats.mtimeMs / 1000,
    nlink: stats.nlink,
    uid: String(stats.uid),
    gid: String(stats.gid),
  };
}

/** As `ls -l` shows it. */
function modeText(stats: Stats): string {
  const kind = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : '-';
  const bits = [...'rwxrwxrwx'].map((letter, index) => ((stats.mode >> (8 - index)) & 1 ? letter : '-'));
  return kind + bits.join('');
}
