import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';

/** What a script can answer: Redis has no other types. */
export type Reply = string | number | null | Reply[];

const FOLDER = join(__dirname, '..', 'lua');
const NAME = /^([a-z-]+)-(\d+)\.lua$/;
const INCLUDE = /^--- @include "([a-z-]+)"$/gm;

interface Script {
  readonly name: string;
  readonly keys: number;
  readonly lua: string;
}

/** Replaces `--- @include "x"` lines by `lua/includes/x.lua`, in which they are replaced as well. */
function withIncludes(lua: string): string {
  return lua.replace(INCLUDE, (_line, include: string) =>
    withIncludes(readFileSync(join(FOLDER, 'includes', `${include}.lua`), 'utf8')),
  );
}

/** Reads `lua/<name>-<number of keys>.lua`: one atomic operation each. */
function readScripts(): Script[] {
  return readdirSync(FOLDER).flatMap((file) => {
    const match = NAME.exec(file);
    if (match?.[1] === undefined) return [];
    const lua = withIncludes(readFileSync(join(FOLDER, file), 'utf8'));
    return [{ name: match[1], keys: Number(match[2]), lua }];
  });
}

let scripts: readonly Script[] | undefined;

/** Makes every script callable on this connection; sends EVALSHA, and the text only where Redis has lost it. */
export function defineScripts(redis: Redis): void {
  scripts ??= readScripts();
  for (const { name, keys, lua } of scripts) redis.defineCommand(name, { numberOfKeys: keys, lua });
}

/**
 * Runs one script.
 * @param name file name without key count and extension
 * @throws ReplyError from Redis, or the connection's error
 */
export function runScript(
  redis: Redis,
  name: string,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<Reply> {
  const command = (redis as unknown as Record<string, (...all: (string | number)[]) => Promise<Reply>>)[name];
  if (command === undefined) throw new Error(`no Lua script named ${name}`);
  return command.call(redis, ...keys, ...args);
}
