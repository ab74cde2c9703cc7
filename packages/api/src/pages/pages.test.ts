import { consentPage } from './consent-page';
import { interstitialPage } from './interstitial-page';
import { scriptText } from './page';

/** As no client library sends it, and any socket can. */
const HOSTILE = '/</script><script>alert("1")</script>\u2028<img src=x>';

it.each([
  ['the interstitial page', interstitialPage(HOSTILE, 'http://a<b>.example')],
  [
    'the consent page',
    consentPage({
      token: HOSTILE,
      owner: HOSTILE,
      user: HOSTILE,
      serviceId: HOSTILE,
      cmd: HOSTILE,
      version: HOSTILE,
      expiryDays: 1,
      target: `http://a${HOSTILE}`,
    }),
  ],
])('security: %s has one script and no element of a stranger', (_name, { body = '', headers = {} }) => {
  const text = String(body);
  expect([...text.matchAll(/<script\b/g)]).toHaveLength(1);
  expect(text).not.toMatch(/<img|<b>\.example|\u2028[^&<]*<\/script/);
  const nonce = /script-src 'nonce-([\w-]+)'/.exec(headers['content-security-policy'] ?? '')?.[1];
  expect(text).toContain(`<script nonce="${nonce}">`);
  expect(headers['content-security-policy']).toMatch(/^default-src 'none';/);
});

it('a text is the same inside of a script', () => {
  const literal = scriptText(HOSTILE);
  expect(literal).not.toMatch(/[<\u2028]/);
  expect(JSON.parse(literal)).toBe(HOSTILE);
});

it('no page is the same twice', () => {
  expect(interstitialPage('/', '').body).not.toBe(interstitialPage('/', '').body);
});
