import { escapeHtml } from '@waiter/core';
import type { Reply } from '../http/route';
import { pageReply, scriptText } from './page';

const STYLE =
  'body{font-family:sans-serif;text-align:center;margin-top:20vh;color:#333}' +
  '.spinner{width:3em;height:3em;margin:2em auto;border:.4em solid #ddd;border-top-color:#36c;border-radius:50%;' +
  'animation:turn 1s linear infinite}@keyframes turn{to{transform:rotate(360deg)}}';

/** How long the page is seen before it goes on to the service, whose request then waits. */
const PAUSE_MS = 1_000;

/**
 * The page that browsers see while a service starts (spec: request-path 8.1).
 * @param target path and query of the service's page, with the parameter that lets it through
 * @param origin of this page, for those without scripts: a path may begin with two slashes
 */
export function interstitialPage(target: string, origin: string): Reply {
  return pageReply({
    title: 'Waiter - Interstitial',
    style: STYLE,
    framed: true,
    body: `<h1>The service is starting</h1>
<div class="spinner" role="status" aria-label="Please wait"></div>
<p>This page goes on by itself. <noscript><a href="${escapeHtml(origin + target)}">Go on</a></noscript></p>`,
    script: `setTimeout(() => location.replace(location.origin + ${scriptText(target)} + location.hash), ${PAUSE_MS});`,
  });
}
