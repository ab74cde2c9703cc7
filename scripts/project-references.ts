/**
 * Writes every tsconfig.json from the package.json files, so that the dependency graph is stated once.
 * A package gets two projects: its source, and its tests (which may also use its devDependencies).
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const SCOPE = '@waiter/';
const root = join(__dirname, '..');
const packages = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
);

function siblings(dependencies: Record<string, string> | undefined): string[] {
  return Object.keys(dependencies ?? {})
    .filter((name) => name.startsWith(SCOPE))
    .map((name) => name.slice(SCOPE.length));
}

function writeIfChanged(path: string, value: object): void {
  const text = JSON.stringify(value, null, 2) + '\n';
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

for (const name of packages) {
  const folder = join(root, 'packages', name);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const uses = siblings(manifest.dependencies);
  writeIfChanged(join(folder, 'tsconfig.json'), {
    extends: '../../tsconfig.base.json',
    compilerOptions: { rootDir: 'src', outDir: 'dist' },
    include: ['src'],
    exclude: ['src/**/*.test.ts'],
    references: uses.map((other) => ({ path: `../${other}` })),
  });
  writeIfChanged(join(folder, 'tsconfig.test.json'), {
    extends: '../../tsconfig.base.json',
    compilerOptions: { rootDir: 'src', outDir: 'dist/test', types: ['node', 'jest'] },
    include: ['src/**/*.test.ts'],
    references: [
      { path: '.' },
      ...[...new Set([...uses, ...siblings(manifest.devDependencies)])].map((other) => ({
        path: `../${other}`,
      })),
    ],
  });
}

writeIfChanged(join(root, 'tsconfig.json'), {
  files: [],
  references: packages.flatMap((name) => [
    { path: `packages/${name}` },
    { path: `packages/${name}/tsconfig.test.json` },
  ]),
});
