import { writeFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { installedBrowser, openBrowser } from './browser';
import { Fleet } from './fleet';

/** The scaling simulator as people use it (spec: scaling-and-schedulers 2.1). */
const executable = installedBrowser();
let fleet: Fleet;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

if (executable === undefined) {
  process.stderr.write('\nNOT TESTED: the page /sim. There is no chromium on this machine.\n\n');
  it.skip('/sim in a browser: there is none on this machine', () => undefined);
} else
  describe('/sim in a browser', () => {
    beforeAll(async () => {
      fleet = await Fleet.start({ routers: 1, workers: 1 });
      browser = await openBrowser(executable);
      page = await browser.newPage({ viewport: { width: 1100, height: 1000 } });
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      await page.goto(`http://127.0.0.1:${fleet.client().port}/sim`);
    }, 60_000);
    afterAll(async () => {
      await browser?.close();
      await fleet?.stop();
    }, 60_000);

    const section = (name: string) => page.locator('section', { hasText: name });

    it('compares policies: a table and a plot each, and the page keeps to its content security policy', async () => {
      const part = section('Policies on a load');
      await part.getByRole('button', { name: 'Simulate' }).click();
      await part.locator('output table').waitFor({ timeout: 20_000 });
      expect(await part.locator('output tbody tr').count()).toBe(6);
      // One of wait over cost, and a timeline for each policy.
      expect(await part.locator('output svg').count()).toBe(7);
      expect(await part.locator('output').innerText()).toContain('predictive');
      expect(complaints).toEqual([]);
      const shot = process.env['WAITER_TEST_SCREENSHOT'];
      if (shot !== undefined) writeFileSync(shot, await page.screenshot({ fullPage: true }));
    }, 60_000);

    it("runs the original's simulator", async () => {
      const part = section('The formula on clients');
      await part.getByLabel('clients that come and leave, by tick').fill('{"100": 50, "900": -50}');
      await part.getByLabel('ticks', { exact: true }).fill('1200');
      await part.getByRole('button', { name: 'Simulate' }).click();
      await part.locator('output svg').first().waitFor({ timeout: 20_000 });
      expect(await part.locator('output svg').count()).toBe(4);
      expect(await part.locator('output').innerText()).toMatch(/\d+ requests, \d+ scale-ups/);
    }, 60_000);

    it('says what is wrong with parameters, beside the form', async () => {
      const part = section('The formula on clients');
      await part.getByLabel('clients that come and leave, by tick').fill('{"100": "many"}');
      await part.getByRole('button', { name: 'Simulate' }).click();
      await part.locator('output.error').waitFor({ timeout: 20_000 });
      expect(await part.locator('output').innerText()).toContain('"client-curve" must hold whole numbers');
    }, 60_000);

    it('runs nothing that comes with a trace', async () => {
      const part = section('Policies on a load');
      await part.getByLabel('trace instead of the load').fill('{"counts": ["<img src=x onerror=alert(1)>"]}');
      await part.getByRole('button', { name: 'Simulate' }).click();
      await part.locator('output.error').waitFor({ timeout: 20_000 });
      expect(await part.locator('output img').count()).toBe(0);
    }, 60_000);
  });
