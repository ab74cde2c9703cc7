import type { Browser, BrowserContext, Page } from 'playwright-core';
import { installedBrowser, openBrowser } from './browser';
import { Fleet } from './fleet';
import type { FleetClient } from './fleet-client';
import { kitchenService } from './kitchen-service';

/** What people see who come with a browser (spec: request-path 8.1, 8.4, 9.9). */
const executable = installedBrowser();
const USER = process.env['USER'] ?? 'root';

let fleet: Fleet;
let client: FleetClient;
let browser: Browser;
let context: BrowserContext;
let page: Page;

if (executable === undefined) {
  process.stderr.write('\nNOT TESTED: what browsers see. There is no chromium on this machine.\n\n');
  it.skip('a browser: there is none on this machine', () => undefined);
} else
  describe('a browser', () => {
    beforeAll(async () => {
      fleet = await Fleet.start({ routers: 1, workers: 2 });
      client = fleet.client();
      browser = await openBrowser(executable);
    }, 60_000);
    afterAll(async () => {
      await browser?.close();
      await fleet?.stop();
    }, 60_000);
    beforeEach(async () => {
      context = await browser.newContext();
      page = await context.newPage();
    });
    afterEach(() => context.close());

    const url = (host: string, path: string): string => `http://${host}:${client.port}${path}`;
    const slow = (seconds: number): string => {
      const { cmd } = kitchenService();
      return `sleep ${seconds}; ${String(cmd)}`;
    };

    it('case 128, request-path case 99: sees a page while a service starts, and ends on the page of the service', async () => {
      const host = 'cold.localhost';
      await client.register(host, kitchenService({ name: host, cmd: slow(2), 'interstitial-secs': 60 }));
      const first = await page.goto(url(host, '/hello?a=b&c=%22#part'));
      expect(first?.status()).toBe(200);
      expect(await page.title()).toBe('Waiter - Interstitial');
      expect(new URL(page.url()).pathname).toBe('/waiter-interstitial/hello');
      await page.getByRole('status').waitFor();
      await page.waitForURL(/\/hello\?a=b&c=%22&x-waiter-bypass-interstitial=\d+#part$/, { timeout: 30_000 });
      expect(await page.textContent('body')).toBe('Hello World');
      // Once it runs nobody sees the page any more, on whichever worker.
      for (let i = 0; i < 5; i += 1) {
        const again = await page.goto(url(host, `/again?${i}`));
        expect([again?.status(), new URL(page.url()).pathname]).toEqual([200, '/again']);
      }
    }, 60_000);

    it('case 127, request-path case 92: is asked before a service runs as its user, once', async () => {
      const host = 'ask.localhost';
      await client.register(host, { ...kitchenService({ name: host }), 'run-as-user': '*' });
      await page.goto(url(host, '/hello?a=b'));
      expect(await page.title()).toBe('Run Web App? - Waiter');
      expect(await page.textContent('body')).toContain(USER);
      const serviceId = await page.locator('input[name="service-id"]').inputValue();
      expect(serviceId).toContain('asklocalhost');
      await page.getByRole('button', { name: 'Run this version' }).click();
      await page.waitForURL(url(host, '/hello?a=b'), { timeout: 30_000 });
      expect(await page.textContent('body')).toBe('Hello World');
      const [consent] = (await context.cookies()).filter(({ name }) => name === 'x-waiter-consent');
      expect(consent).toMatchObject({ httpOnly: true, path: '/', domain: host });
      await page.goto(url(host, '/environment'));
      const environment = JSON.parse((await page.textContent('body')) ?? '') as Record<string, string>;
      expect(environment).toMatchObject({ WAITER_SERVICE_ID: serviceId, USER });

      // Another version is another question; whoever trusts the owner is not asked again.
      await client.register(host, { ...kitchenService({ name: host, version: '2' }), 'run-as-user': '*' });
      await page.goto(url(host, '/hello'));
      await page.getByRole('button', { name: 'Run this and later versions' }).click();
      await page.waitForURL(url(host, '/hello'), { timeout: 30_000 });
      await client.register(host, { ...kitchenService({ name: host, version: '3' }), 'run-as-user': '*' });
      const third = await page.goto(url(host, '/environment'));
      expect([third?.status(), new URL(page.url()).pathname]).toEqual([200, '/environment']);
    }, 90_000);

    it('lets a page call the service of another origin where the token says so', async () => {
      const from = 'page.localhost';
      const friendly = 'friendly.localhost';
      const closed = 'closed.localhost';
      const rules = [{ 'origin-regex': `http://${from}:\\d+`, methods: ['OPTIONS', 'GET', 'PUT'] }];
      await client.register(from, kitchenService({ name: 'shared' }));
      await client.register(closed, kitchenService({ name: 'shared' }));
      await client.register(friendly, { ...kitchenService({ name: 'shared' }), 'cors-rules': rules });
      await page.goto(url(from, '/hello'));
      const call = (target: string, method: string): Promise<string> =>
        page.evaluate(
          async ([to, how]) => {
            const headers = { 'x-of-our-own': 'makes a preflight' };
            const reply = await fetch(to ?? '', { method: how ?? '', headers, credentials: 'include' });
            return `${reply.status} ${await reply.text()}`;
          },
          [target, method] as const,
        );
      expect(await call(url(friendly, '/hello'), 'GET')).toBe('200 Hello World');
      expect(await call(url(friendly, '/hello'), 'PUT')).toBe('200 Hello World');
      await expect(call(url(friendly, '/hello'), 'DELETE')).rejects.toThrow('Failed to fetch');
      await expect(call(url(closed, '/hello'), 'GET')).rejects.toThrow('Failed to fetch');
    }, 60_000);
  });
