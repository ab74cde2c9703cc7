import { options } from './options';
import { namedOptions } from './tree';
import type { NamedOption } from './tree';

const HEAD = `# Configuration

<!-- Written by scripts/configuration-reference.ts from packages/config/src/options. Do not edit. -->

Every role reads the same options: from a file (\`--config FILE\`, YAML or JSON), from the environment and from flags.
Flags win over the environment, the environment over the file, the file over the defaults. An unknown name is an error
that names the nearest known one. An empty environment variable counts as unset. \`--print-config\` shows the outcome
with secrets masked, \`--check-config\` only says whether it is valid.

Durations are a number and a unit of \`ms\`, \`s\`, \`m\`, \`h\`, \`d\`: \`"250ms"\`, \`"1.5s"\`, \`"30m"\`. Lists are arrays in
a file; in the environment and in flags their items are separated by commas, or the value is a JSON array. Structured
options are JSON there.

A file looks like this:

\`\`\`yaml
cluster:
  name: waiter
redis:
  url: redis://redis.internal:6379
router:
  port: 9091
  queueTimeout: 300s
\`\`\`
`;

/** The text of docs/reference/configuration.md. */
export function renderReference(): string {
  const all = namedOptions(options);
  const sectionOf = ({ path }: NamedOption): string => (path.length > 1 ? (path[0] ?? '') : '');
  const parts = [...new Set(all.map(sectionOf))].map((section) => {
    const members = all.filter((named) => sectionOf(named) === section);
    return `## ${section === '' ? 'General' : section}\n\n${members.map(entry).join('\n')}`;
  });
  return `${[HEAD, ...parts].join('\n')}`;
}

function entry(named: NamedOption): string {
  const { key, option, variable, flag, alias } = named;
  const flags = [flag, ...(alias === undefined ? [] : [alias])].map((name) => `\`--${name}\``).join(', ');
  return `### \`${key}\`

${option.description}

- default: ${defaultOf(named)}
- type: ${option.kind}${valuesOf(named)}
- environment: \`${variable}\`
- flag: ${flags}
`;
}

function defaultOf({ option }: NamedOption): string {
  if (option.defaultText !== undefined) return option.defaultText;
  const value: unknown = option.default({ hostname: 'host', username: 'user', unique: 'abc123' });
  return value === undefined ? 'none' : `\`${JSON.stringify(value)}\``;
}

/** The part of Joi's description of a schema that is shown. */
interface SchemaDescription {
  readonly allow?: readonly unknown[];
  readonly rules?: readonly { readonly name: string; readonly args?: { readonly limit?: number } }[];
}

/** Choices and bounds, as the schema states them. */
function valuesOf({ option }: NamedOption): string {
  const { allow, rules } = option.schema.describe() as SchemaDescription;
  if (option.kind === 'choice')
    return ` (${(allow ?? []).map((value) => `\`${String(value)}\``).join(', ')})`;
  const bounds = (rules ?? []).flatMap(({ name, args }) =>
    args?.limit === undefined
      ? []
      : [`${name === 'max' ? 'at most' : name === 'min' ? 'at least' : 'more than'} ${args.limit}`],
  );
  return bounds.length === 0 || option.kind === 'list' ? '' : ` (${bounds.join(', ')})`;
}
