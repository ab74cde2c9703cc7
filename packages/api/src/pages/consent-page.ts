import { escapeHtml } from '@waiter/core';
import type { Reply } from '../http/route';
import { pageReply, scriptText } from './page';

export interface ConsentQuestion {
  readonly token: string;
  readonly owner: string;
  readonly user: string;
  readonly serviceId: string;
  readonly cmd: string;
  readonly version: string;
  readonly expiryDays: number;
  /** Where to go then; absolute. */
  readonly target: string;
}

const STYLE =
  'body{font-family:sans-serif;margin:2em auto;max-width:50em;padding:0 1em;color:#222}' +
  'th{text-align:left;padding-right:1em;vertical-align:top}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}' +
  'button{font-size:1em;padding:.6em 1em;margin:.5em .5em .5em 0}#problem{color:#b00;white-space:pre-line}';

const row = (label: string, value: string): string =>
  `<tr><th>${label}</th><td><pre>${escapeHtml(value)}</pre></td></tr>`;

/** Asks a user whether a service may run as himself (spec: request-path 8.4). */
export function consentPage(question: ConsentQuestion): Reply {
  const { token, owner, user, serviceId, cmd, version, expiryDays, target } = question;
  const days = `${expiryDays} day${expiryDays === 1 ? '' : 's'}`;
  return pageReply({
    title: 'Run Web App? - Waiter',
    style: STYLE,
    framed: false,
    body: `<h1>Run Web App?</h1>
<p>The app at <b>${escapeHtml(token)}</b> runs with your permissions, as <b>${escapeHtml(user)}</b>. Agree only if you trust
<b>${escapeHtml(owner)}</b>, who owns it.</p>
<table>
${row('Command', cmd)}
${row('Version', version)}
${row('Service Id', serviceId)}
</table>
<form id="consent">
<input type="hidden" name="service-id" value="${escapeHtml(serviceId)}">
<p><button type="submit" name="mode" value="service">Run this version</button> until it changes, at most ${days}.</p>
<p><button type="submit" name="mode" value="token">Run this and later versions</button> for ${days}, as long as the owner stays.</p>
</form>
<p id="problem" role="alert"></p>
<noscript><p>This page needs scripts.</p></noscript>`,
    script: `
const problem = document.getElementById('problem');
document.getElementById('consent').addEventListener('submit', async (event) => {
  event.preventDefault();
  const form = new FormData(event.target, event.submitter);
  const headers = { 'x-requested-with': 'XMLHttpRequest', accept: 'text/plain' };
  try {
    const reply = await fetch('/waiter-consent', { method: 'POST', body: form, headers });
    if (reply.ok) location.replace(${scriptText(target)});
    else problem.textContent = await reply.text();
  } catch (error) {
    problem.textContent = String(error);
  }
});
`,
  });
}
