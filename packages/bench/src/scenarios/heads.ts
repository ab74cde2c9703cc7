import { TOKEN } from '../stage/stage';

/** With the three lines that wrk itself sends or needs: what a program sends. */
export const PLAIN_HEAD = { 'x-waiter-token': TOKEN } as const;

/** What a browser sends for a page behind a login: 14 lines, about 1.1 KB. */
export const BROWSER_HEAD = {
  ...PLAIN_HEAD,
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  'Cache-Control': 'max-age=0',
  Cookie:
    'session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=eyJhbGciOiJIUzI1NiJ9.eyJhIjoxLCJiIjoyfQ.c2lnbmF0dXJl; ' +
    '_ga=GA1.2.1234567890.1700000000; _gid=GA1.2.987654321.1700000000',
  'Sec-Ch-Ua': '"Chromium";v="131", "Not_A Brand";v="24"',
  'Sec-Ch-Ua-Mobile': '?0',
  'Sec-Ch-Ua-Platform': '"Linux"',
  'Sec-Fetch-Dest': 'document',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Site': 'same-origin',
  'Upgrade-Insecure-Requests': '1',
  Referer: 'https://files.example.com/reports/2026/11?page=3',
} as const;
