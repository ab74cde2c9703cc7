import { readFileSync, readdirSync } from 'node:fs';
import tseslint from 'typescript-eslint';

/**
 * The layer rule (ARCHITECTURE.md): a package may import only what its package.json names, and its package.json may
 * name only packages of lower layers. Two libraries have a home of their own.
 */
const LAYERS = [
  ['core', 'kitchen'],
  ['config', 'observability', 'scaling'],
  ['store', 'scheduler', 'mini-marathon'],
  ['token-registry', 'router', 'scaler'],
  ['api'],
  ['cli'],
  ['e2e', 'bench'],
];
const HOMES = { ioredis: ['store'], bullmq: ['store', 'router', 'scaler'] };
const FORBIDDEN = { router: ['scaler', 'scheduler'] };

const layerOf = (name) => LAYERS.findIndex((layer) => layer.includes(name));
const packages = readdirSync('packages');
const siblings = (deps = {}) =>
  Object.keys(deps)
    .filter((name) => name.startsWith('@waiter/'))
    .map((name) => name.slice('@waiter/'.length));

for (const name of packages) {
  if (name === 'testkit') continue;
  const manifest = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'));
  for (const other of siblings(manifest.dependencies)) {
    if (other !== 'testkit' && layerOf(other) >= layerOf(name)) {
      throw new Error(`${name} may not depend on ${other}: arrows point down (see ARCHITECTURE.md)`);
    }
  }
}

const imports = packages.flatMap((name) => {
  const manifest = JSON.parse(readFileSync(`packages/${name}/package.json`, 'utf8'));
  const rule = (allowed) => {
    const banned = packages.filter((other) => other !== name && !allowed.includes(other));
    const libraries = Object.entries(HOMES)
      .filter(([, homes]) => !homes.includes(name))
      .map(([library]) => library);
    return {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            ...[...new Set([...banned, ...(FORBIDDEN[name] ?? [])])].map((other) => ({
              name: `@waiter/${other}`,
              message: `${name} does not depend on ${other} (layer rule)`,
            })),
            ...libraries.map((library) => ({
              name: library,
              message: `${library} lives in ${HOMES[library].join(', ')}`,
            })),
          ],
          patterns: [{ group: ['@waiter/*/*'], message: 'import a package by its public surface' }],
        },
      ],
    };
  };
  const runtime = siblings(manifest.dependencies);
  return [
    { files: [`packages/${name}/src/**/*.ts`], rules: rule(runtime) },
    {
      files: [`packages/${name}/src/**/*.test.ts`],
      rules: rule([...runtime, ...siblings(manifest.devDependencies)]),
    },
  ];
});

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.waiter/**'] },
  ...tseslint.configs.strict,
  {
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['scripts/**', 'packages/*/bin/**', 'packages/cli/**', 'packages/kitchen/**', 'packages/bench/**'],
    rules: { 'no-console': 'off' },
  },
  { files: ['packages/*/bin/**'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  ...imports,
);
