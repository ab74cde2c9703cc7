import type { Browser, Page } from 'playwright-core';
import { installedBrowser, openBrowser } from './browser';
import { Fleet } from './fleet';

/** `/openapi`, the description of the API for people. */
const executable = installedBrowser();
let fleet: Fleet;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

if (executable === undefined) {
  process.stderr.write('\nNOT TESTED: the page /openapi. There is no chromium on this machine.\n\n');
  it.skip('/openapi in a browser: there is none on this machine', () => undefined);
} else
  describe('/openapi in a browser', () => {
    beforeAll(async () => {
      fleet = await Fleet.start({ routers: 1, workers: 1 });
      browser = await openBrowser(executable);
      page = await browser.newPage();
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(`${fleet.client().url}/openapi`);
    }, 60_000);
    afterAll(async () => {
      await browser?.close();
      await fleet?.stop();
    }, 60_000);
    jest.setTimeout(30_000);

    it('lists every operation of /openapi.json', async () => {
      const { paths } = await fleet.client().json<{ paths: Record<string, object> }>('/openapi.json');
      const written = Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      );
      const named: string[] = [];
      for (const summary of await page.locator('details:has(.method) > summary').all()) {
        named.push(
          `${await summary.locator('.method').innerText()} ${await summary.locator('code').innerText()}`,
        );
      }
      expect(named.sort()).toEqual(written.sort());
      expect(complaints).toEqual([]);
    });

    it('opens an operation with its parameters, body and answers, and leads to the shapes in them', async () => {
      const entry = page.locator('details', {
        has: page.locator('summary', { hasText: /^\s*POST\s*\/token\s/ }),
      });
      const answers = entry.getByRole('heading', { name: 'Answers' });
      expect(await answers.isVisible()).toBe(false);
      await entry.locator('summary').click();
      expect(await answers.isVisible()).toBe(true);
      const text = await entry.innerText();
      for (const part of ['update-mode', 'If-Match', 'Body', 'application/json', '412']) {
        expect(text.toLowerCase()).toContain(part.toLowerCase());
      }
      await entry.getByRole('link', { name: 'Error' }).first().click();
      const shape = page.locator('#Error pre');
      expect(await shape.isVisible()).toBe(true);
      expect(await shape.innerText()).toContain('waiter-error');
      const box = await shape.boundingBox();
      expect(box?.y ?? Infinity).toBeLessThan(page.viewportSize()?.height ?? 0);
    });
  });
