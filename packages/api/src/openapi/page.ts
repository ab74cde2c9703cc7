import { escapeHtml } from '@waiter/core';
import type { OpenApiDocument, OpenApiOperation } from './document';
import type { JsonSchema } from './shapes';

/** The document as one HTML page that needs nothing from elsewhere. */
export function openApiPage(document: OpenApiDocument): string {
  const { info, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  const tags = [...new Set(operations.map(({ operation }) => operation.tags[0] ?? ''))].sort();
  const sections = tags.map((tag) => {
    const own = operations.filter(({ operation }) => operation.tags[0] === tag);
    return `<h2>${escapeHtml(tag)}</h2>\n${own.map((one) => entry(one.method, one.path, one.operation)).join('\n')}`;
  });
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      // Open, so that a link to it shows it.
      `<details open id="${escapeHtml(name)}"><summary><b>${escapeHtml(name)}</b></summary>${raw(schema)}</details>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(info.title)} API</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
details { border: 1px solid #ccc; border-radius: 4px; margin: .4rem 0; padding: .3rem .7rem; }
summary { cursor: pointer; } code, pre { font-size: 13px; } pre { overflow: auto; background: #f6f6f6; padding: .6rem; }
.method { display: inline-block; width: 4.5rem; font-weight: bold; color: #2048b0; } .quiet { color: #666; }
table { border-collapse: collapse; } td, th { text-align: left; vertical-align: top; padding: .15rem .8rem .15rem 0; }
</style>
</head>
<body>
<h1>${escapeHtml(info.title)} API <small class="quiet">${escapeHtml(info.version)}</small></h1>
<p>${escapeHtml(info.description)} As JSON: <a href="/openapi.json">/openapi.json</a>.</p>
${sections.join('\n')}
<h2>shapes</h2>
${schemas.join('\n')}
</body>
</html>
`;
}

function entry(method: string, path: string, operation: OpenApiOperation): string {
  const { summary, description, parameters, requestBody, responses } = operation;
  const rows = parameters.map(
    ({ name, in: place, description: what }) =>
      `<tr><td><code>${escapeHtml(String(name))}</code></td><td class="quiet">${escapeHtml(String(place))}</td><td>${escapeHtml(String(what ?? ''))}</td></tr>`,
  );
  const bodies = Object.entries(requestBody?.content ?? {}).map(
    ([type, { schema }]) => `<tr><td><code>${escapeHtml(type)}</code></td><td>${raw(schema)}</td></tr>`,
  );
  const answers = Object.entries(responses).map(([status, { description: what, content = {} }]) => {
    const [type, shape] = Object.entries(content)[0] ?? [];
    const shown =
      shape === undefined ? '' : type === 'application/json' ? raw(shape.schema) : escapeHtml(type ?? '');
    return `<tr><td><b>${escapeHtml(status)}</b></td><td>${escapeHtml(what)} ${shown}</td></tr>`;
  });
  const table = (title: string, lines: readonly string[]): string =>
    lines.length === 0 ? '' : `<h4>${title}</h4><table>${lines.join('')}</table>`;
  return `<details><summary><span class="method">${method.toUpperCase()}</span><code>${escapeHtml(path)}</code> <span class="quiet">${escapeHtml(summary)}</span></summary>
${description === undefined ? '' : `<p>${escapeHtml(description)}</p>`}${table('Parameters', rows)}${table('Body', bodies)}${table('Answers', answers)}</details>`;
}

/** A schema as text, its references as links to the shapes below. */
function raw(schema: JsonSchema): string {
  const text = escapeHtml(JSON.stringify(schema, null, 1));
  return `<pre>${text.replace(/#\/components\/schemas\/(\w+)/g, '<a href="#$1">$1</a>')}</pre>`;
}
