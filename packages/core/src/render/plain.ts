import type { Json } from '../words';
import type { ErrorReport, ErrorRequest } from './report';

const underlined = (title: string): string => `${title}\n${'='.repeat(title.length)}`;

/** `[label, value]` of the request, in the order shown; the last five only when known. */
export function requestInfo(report: ErrorReport, request: ErrorRequest): (readonly [string, string])[] {
  const always: (readonly [string, string])[] = [
    ['Host', request.host ?? ''],
    ['Path', request.uri],
    ['Query String', request.queryString ?? ''],
    ['Method', request.method.toUpperCase()],
    ['CID', request.cid],
    ['Time', new Date(request.timeMs).toISOString()],
  ];
  const known: (readonly [string, string | null])[] = [
    ['Principal', report.principal],
    ['Waiter Token', request.token],
    ['Service Owner', request.serviceOwner],
    ['Service Id', report.serviceId],
    ['Instance Id', report.instanceId],
  ];
  return [...always, ...known.flatMap(([label, value]) => (value === null ? [] : [[label, value] as const]))];
}

/** JSON text in which numbers that JSON lacks are strings. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, item: unknown) => (typeof item === 'number' && !Number.isFinite(item) ? String(item) : item),
    indent,
  );
}

/** One `key value` per line, which people and tests grep. */
export function detailsText(details: Readonly<Record<string, Json>>): string {
  return Object.entries(details)
    .map(([key, value]) => `${key} ${typeof value === 'string' ? value : jsonText(value)}`)
    .join('\n');
}

/** Plain text (spec: request-path 6.3); every line after the first is indented by two spaces. */
export function plainBody(report: ErrorReport, request: ErrorRequest): string {
  const rows = requestInfo(report, request);
  const width = Math.max(...rows.map(([label]) => label.length));
  const parts = [
    underlined(report.title),
    report.message,
    underlined('Request Info'),
    rows.map(([label, value]) => `${label.padStart(width)}: ${value}`.trimEnd()).join('\n'),
  ];
  if (report.details !== null && Object.keys(report.details).length > 0) {
    parts.push(underlined('Additional Info'), detailsText(report.details));
  }
  if (report.supportInfo.length > 0) {
    const lines = report.supportInfo.map(({ label, link }) => `${label}: ${link.value}`);
    parts.push(underlined('Getting Help'), lines.join('\n'));
  }
  const [first = '', ...rest] = parts.join('\n\n').split('\n');
  return [first, ...rest.map((line) => (line === '' ? '' : `  ${line}`))].join('\n') + '\n';
}
