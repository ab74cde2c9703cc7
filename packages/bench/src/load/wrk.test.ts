import { parseWrk, wrkCommand } from './wrk';

const GOOD = `Running 5s test @ http://127.0.0.1:9091/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     4.72ms    1.05ms  36.62ms   94.87%
    Req/Sec     6.85k   480.58     7.44k    84.00%
  Latency Distribution
     50%  980.00us
     75%    4.85ms
     90%    5.13ms
     99%    1.02s
  34065 requests in 5.00s, 5.13MB read
Requests/sec:   6810.75
Transfer/sec:      1.03MB
`;
const BAD = GOOD.replace(
  'Requests/sec',
  '  Socket errors: connect 1, read 2, write 0, timeout 3\n  Non-2xx or 3xx responses: 34\nRequests/sec',
);

it('reads what wrk reports', () => {
  expect(parseWrk(GOOD)).toEqual({
    requests: 34065,
    perSecond: 6810.75,
    bytesPerSecond: 1.03 * 1024 * 1024,
    errors: 0,
    p50Ms: 0.98,
    p99Ms: 1020,
  });
});

it('counts broken connections, timeouts and bad responses as errors', () => {
  expect(parseWrk(BAD).errors).toBe(40);
});

it('refuses anything else', () => {
  expect(() => parseWrk('unable to connect to 127.0.0.1:1 Connection refused')).toThrow('not a report');
});

it('passes headers on', () => {
  const options = {
    url: 'http://h/',
    connections: 32,
    seconds: 5,
    headers: { 'x-waiter-token': 't' },
    core: null,
  };
  expect(wrkCommand(options).join(' ')).toBe('wrk -t1 -c32 -d5s --latency -H x-waiter-token: t http://h/');
  const script = { file: 'a.lua', args: ['1'] };
  expect(wrkCommand({ ...options, script }).slice(-5)).toEqual(['-s', 'a.lua', 'http://h/', '--', '1']);
});
