import { randomBytes } from 'node:crypto';
import { escapeHtml } from '@waiter/core';
import type { Reply } from '../http/route';

/** What a page is made of; all of it trusted, so that what is put in must be escaped. */
export interface Page {
  readonly title: string;
  readonly style: string;
  readonly body: string;
  readonly script: string;
  /** Whether other pages may show it in a frame. */
  readonly framed: boolean;
}

/** A page that loads nothing from elsewhere, runs no script but its own, and is never the same twice. */
export function pageReply({ title, style, body, script, framed }: Page): Reply {
  const nonce = randomBytes(16).toString('base64url');
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    ...(framed ? [] : ["frame-ancestors 'none'"]),
  ];
  return {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'cache-control': 'no-store',
      'referrer-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      ...(framed ? {} : { 'x-frame-options': 'DENY' }),
    },
    body: `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style nonce="${nonce}">${style}</style>
</head>
<body>
${body}
<script nonce="${nonce}">${script}</script>
</body>
</html>
`,
  };
}

/** A text as a literal inside of a script. */
export function scriptText(text: string): string {
  return JSON.stringify(text)
    .replace(/</g, '\\u003c')
    .replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);
}
