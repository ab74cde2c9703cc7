import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The release, from package.json. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
