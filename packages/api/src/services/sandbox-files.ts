import { isMap, WaiterError } from '@waiter/core';
import type { InstanceId, Json } from '@waiter/core';

export interface SandboxEntry {
  readonly name: string;
  readonly type: 'file' | 'directory';
  readonly size: number | null;
  /** Path on the agent. */
  readonly path: string;
  /** Where a file can be downloaded. */
  readonly url: string | null;
}

/** One Marathon whose agents keep sandboxes. */
export interface SandboxCluster {
  readonly urls: readonly string[];
  /** Port of its Mesos agents. */
  readonly agentPort: number;
}

export interface SandboxOptions {
  readonly clusters: readonly SandboxCluster[];
  readonly timeoutMs: number;
}

/** Which kind of Marathon it is hardly ever changes; it may not have been up when it was asked. */
const KIND_LIFETIME_MS = 60_000;

interface Kind {
  /** Where mini-marathon is; null for a real Marathon, whose agents keep the files. */
  readonly local: string | null;
  readonly untilMs: number;
}

/**
 * What instances wrote into their sandboxes, by the files API of Mesos agents (spec: scaling-and-schedulers 4A.9).
 * mini-marathon serves the same API itself.
 */
export class SandboxFiles {
  private readonly kinds = new Map<SandboxCluster, Kind>();

  constructor(private readonly options: SandboxOptions) {}

  /**
   * @param directory undefined: the top of the sandbox
   * @throws WaiterError 404 when there is no sandbox, 502 when the agent does not answer
   */
  async list(instanceId: InstanceId, host: string, directory?: string): Promise<readonly SandboxEntry[]> {
    const knew = this.kinds.size > 0;
    try {
      return await this.listOnce(instanceId, host, directory);
    } catch (error) {
      // The Marathon that was asked last time may be gone, and another one in its place.
      if (!knew || !(error instanceof WaiterError) || error.status !== 502) throw error;
      this.kinds.clear();
      return this.listOnce(instanceId, host, directory);
    }
  }

  private async listOnce(instanceId: InstanceId, host: string, directory?: string): Promise<SandboxEntry[]> {
    const base = await this.agentOf(instanceId, host);
    const top = directory ?? (await this.directoryOf(base, instanceId));
    if (top === null) throw new WaiterError('No directory found for instance!', { status: 404 });
    const entries = await this.get(`${base}/files/browse?path=${encodeURIComponent(top)}`);
    if (!Array.isArray(entries)) throw new WaiterError('No directory found for instance!', { status: 404 });
    return entries.filter(isMap).flatMap((entry) => entryOf(entry, top, base));
  }

  /** Of several clusters, the one that has the instance; one with real agents has those that no mini-marathon has. */
  private async agentOf(instanceId: InstanceId, host: string): Promise<string> {
    const found = await Promise.all(
      this.options.clusters.map(async (cluster) => ({ cluster, local: await this.localUrl(cluster) })),
    );
    for (const { local } of found) {
      if (local === null) continue;
      if (found.length === 1 || (await this.directoryOf(local, instanceId)) !== null) return local;
    }
    const real = found.find(({ local }) => local === null) ?? found[0];
    return real?.local ?? `http://${host}:${real?.cluster.agentPort ?? 5051}`;
  }

  private async localUrl(cluster: SandboxCluster): Promise<string | null> {
    const known = this.kinds.get(cluster);
    if (known !== undefined && performance.now() < known.untilMs) return known.local;
    for (const url of cluster.urls) {
      const origin = url.replace(/\/+$/, '');
      const local = await this.isLocal(origin).catch(() => null);
      if (local === null) continue;
      const kind = { local: local ? origin : null, untilMs: performance.now() + KIND_LIFETIME_MS };
      this.kinds.set(cluster, kind);
      return kind.local;
    }
    return known?.local ?? null;
  }

  /** @returns null where that cannot be told. One that asks for credentials is known by being its own agent. */
  private async isLocal(origin: string): Promise<boolean | null> {
    const info = await this.get(`${origin}/v2/info`);
    if (info !== null) return isMap(info) && info['buildref'] === 'mini-marathon';
    return (await this.get(`${origin}/state.json`)) === null ? null : true;
  }

  private async directoryOf(base: string, instanceId: InstanceId): Promise<string | null> {
    const state = await this.get(`${base}/state.json`);
    for (const framework of [...items(state, 'frameworks'), ...items(state, 'completed_frameworks')]) {
      if (!/marathon/i.test(`${text(framework, 'name')} ${text(framework, 'role')}`)) continue;
      const executors = [...items(framework, 'executors'), ...items(framework, 'completed_executors')];
      const own = executors.find((executor) => text(executor, 'id') === instanceId);
      if (own !== undefined) return text(own, 'directory') || null;
    }
    return null;
  }

  /** @returns null where there is nothing, or nothing for us */
  private async get(url: string): Promise<Json> {
    try {
      const response = await fetch(url, {
        redirect: 'error',
        headers: { accept: 'application/json' },
        signal: AbortSignal.timeout(this.options.timeoutMs),
      });
      if ([401, 403, 404].includes(response.status)) return null;
      if (!response.ok) throw new Error(`status ${response.status}`);
      return (await response.json()) as Json;
    } catch (cause) {
      throw new WaiterError('The agent that keeps the logs does not answer', { status: 502, cause });
    }
  }
}

function items(map: Json, key: string): readonly { [key: string]: Json }[] {
  const value = isMap(map) ? map[key] : undefined;
  return Array.isArray(value) ? value.filter(isMap) : [];
}

function text(map: Json, key: string): string {
  const value = isMap(map) ? map[key] : undefined;
  return typeof value === 'string' ? value : '';
}

function entryOf(entry: { [key: string]: Json }, top: string, base: string): SandboxEntry[] {
  const path = text(entry, 'path');
  if (path === '') return [];
  const prefix = top.endsWith('/') ? top : `${top}/`;
  const name = path.startsWith(prefix) ? path.slice(prefix.length) : path.slice(path.lastIndexOf('/') + 1);
  const size = typeof entry['size'] === 'number' ? entry['size'] : null;
  const isFile = entry['nlink'] === 1;
  const url = isFile ? `${base}/files/download?path=${encodeURIComponent(path)}` : null;
  return [{ name, type: isFile ? 'file' : 'directory', size, path, url }];
}
