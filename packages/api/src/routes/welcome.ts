import { errorFormat, escapeHtml } from '@waiter/core';
import type { ApiDeps } from '../deps';
import type { Reply, Route } from '../http/route';

/** `/` (spec: services-and-tokens 4.17). */
export function welcomeRoutes(deps: Pick<ApiDeps, 'config' | 'port'>): Route[] {
  const { host, hostnames, supportInfo } = deps.config.router;
  const [hostname = 'localhost'] = hostnames;
  return [
    {
      path: '/',
      auth: 'none',
      methods: {
        GET: (request, { cid, timeMs }): Reply => {
          // Known only once the workers listen, where any free port was asked for.
          const { port } = deps;
          const timestamp = new Date(timeMs).toISOString();
          const server = [
            ['Host', hostname],
            ['Interface', host],
            ['Ports', String(port)],
          ] as const;
          const own = [
            ['CID', cid],
            ['Time', timestamp],
          ] as const;
          const format = errorFormat({
            accept: request.headers.accept,
            contentType: request.headers['content-type'],
          });
          if (format === 'application/json') {
            return {
              json: {
                cid,
                host,
                hostname,
                message: TITLE,
                port,
                'support-info': supportInfo,
                timestamp,
              },
            };
          }
          const sections: readonly Section[] = [
            ['Server Info', server],
            ['Request Info', own],
            ['Getting Help', supportInfo.map(({ label, link }) => [label, link.value] as const)],
          ];
          return format === 'text/html'
            ? { headers: { 'content-type': 'text/html' }, body: html(sections) }
            : { headers: { 'content-type': 'text/plain' }, body: text(sections) };
        },
      },
    },
  ];
}

const TITLE = 'Welcome to Waiter';
type Section = readonly [title: string, rows: readonly (readonly [string, string])[]];

function text(sections: readonly Section[]): string {
  const underlined = (title: string): string => `${title}\n${'='.repeat(title.length)}\n`;
  const blocks = sections.map(
    ([title, rows]) =>
      `${underlined(title)}\n${rows.map(([label, value]) => `${label}: ${value}\n`).join('')}`,
  );
  return [underlined(TITLE), ...blocks].join('\n');
}

function html(sections: readonly Section[]): string {
  const blocks = sections.map(([title, rows]) => {
    const cells = rows.map(
      ([label, value]) => `<tr><th align="left">${escapeHtml(label)}</th><td>${escapeHtml(value)}</td></tr>`,
    );
    return `<h2>${escapeHtml(title)}</h2>\n<table>\n${cells.join('\n')}\n</table>`;
  });
  return `<!doctype html>
<html>
<head><meta charset="utf-8"><title>${TITLE}</title></head>
<body>
<h1>${TITLE}</h1>
${blocks.join('\n')}
</body>
</html>
`;
}
