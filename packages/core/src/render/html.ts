import { detailsText, requestInfo } from './plain';
import type { ErrorReport, ErrorRequest, SupportInfo } from './report';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Fit for text and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

const URL_PATTERN = /(https?:\/\/[^\s"'<>]+)/;

/** Escaped text in which bare http(s) URLs are links. */
function linked(text: string): string {
  return text
    .split(URL_PATTERN)
    .map((piece, index) => (index % 2 === 1 ? anchor(piece, piece) : escapeHtml(piece)))
    .join('');
}

function anchor(target: string, label: string): string {
  return `<a href="${escapeHtml(target)}">${escapeHtml(label)}</a>`;
}

function helpItem({ label, link }: SupportInfo): string {
  if (link.type === 'email') return `<li>${anchor(`mailto:${link.value}`, label)}</li>`;
  // Values carry what the request named; only http(s) makes a link, never `javascript:`.
  return /^https?:\/\//.test(link.value)
    ? `<li>${anchor(link.value, label)}</li>`
    : `<li>${escapeHtml(`${label}: ${link.value}`)}</li>`;
}

const STYLE =
  'body{font-family:sans-serif;margin:2em auto;max-width:60em;padding:0 1em}' +
  'th{text-align:left;padding-right:1em;vertical-align:top}pre{white-space:pre-wrap;overflow-wrap:anywhere}' +
  'p{white-space:pre-line}img{max-width:12em}';

/** An HTML page (spec: request-path 6.3). Everything is escaped; the original reflected URI and details raw. */
export function htmlBody(report: ErrorReport, request: ErrorRequest): string {
  const rows = requestInfo(report, request)
    .map(([label, value]) => `<tr><th>${label}</th><td>${escapeHtml(value)}</td></tr>`)
    .join('\n');
  const image = report.imageUrl === null ? '' : `<img src="${escapeHtml(report.imageUrl)}" alt="">\n`;
  const details =
    report.details === null || Object.keys(report.details).length === 0
      ? ''
      : `<h2>Additional Info</h2>\n<pre id="details">${escapeHtml(detailsText(report.details))}</pre>\n`;
  const help =
    report.supportInfo.length === 0
      ? ''
      : `<h2>Getting Help</h2>\n<ul>${report.supportInfo.map(helpItem).join('\n')}</ul>\n`;
  const title = escapeHtml(report.title);
  return `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${title}</h1>
${image}<p>${linked(report.message)}</p>
<h2>Request Info</h2>
<table>
${rows}
</table>
${details}${help}</body>
</html>
`;
}
