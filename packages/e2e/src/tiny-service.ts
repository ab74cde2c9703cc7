/**
 * A server that costs next to nothing, for hundreds of instances on one machine: it answers `ok` to everything, one
 * request at a time. Perl is part of every Debian, and starts in 13 ms where node takes 60.
 */
const SERVER = [
  'use Socket',
  'socket(S,PF_INET,SOCK_STREAM,6)',
  'setsockopt(S,SOL_SOCKET,SO_REUSEADDR,1)',
  'bind(S,sockaddr_in($ENV{PORT0},INADDR_ANY)) or die',
  'listen(S,64)',
  'while(accept(C,S)){sysread(C,$b,65536);' +
    'syswrite(C,"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\nconnection: close\\r\\n\\r\\nok");shutdown(C,1);close(C)}',
].join(';');

/** A description of such a service; `more` wins. */
export function tinyService(more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    name: 'tiny',
    cmd: `exec perl -e '${SERVER}'`,
    'cmd-type': 'shell',
    version: '1',
    cpus: 0.01,
    mem: 8,
    'run-as-user': process.env['USER'] ?? 'root',
    'health-check-url': '/',
    'concurrency-level': 1,
    ...more,
  };
}

/** The same as headers, for a service without a token. */
export function tinyHeaders(more: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(tinyService(more)).map(([name, value]) => [`x-waiter-${name}`, String(value)]),
  );
}
