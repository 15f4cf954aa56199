import { brotliDecompressSync } from 'node:zlib';
import http from 'node:http';

import { expect, expectAccessible, test } from './harness/page';

interface Raw {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** As sent: fetch would unpack the body. */
function raw(url: string, headers: Record<string, string> = {}): Promise<Raw> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { headers }, (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) }));
      })
      .on('error', reject);
  });
}

test.describe('how the page is served @quick', () => {
  test('the document is not kept without asking, and lets no foreign or inline script in', async ({ program }) => {
    for (const address of ['/', '/studies', '/studies/x/participants/p%2F1', '/me', '/keys']) {
      const answer = await raw(program.url + address);
      expect(answer.status, address).toBe(200);
      expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
      expect(answer.headers['cache-control']).toBe('no-cache');
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
      expect(answer.headers['referrer-policy']).toBe('no-referrer');
      const policy = answer.headers['content-security-policy'] ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy.split(';').find((part) => part.trim().startsWith('script-src'))?.trim()).toBe("script-src 'self'");
      expect(policy).not.toMatch(/https?:/);
    }
  });

  test('files have names of their content, are kept for ever, and come packed', async ({ program }) => {
    const index = (await raw(`${program.url}/`)).body.toString();
    const script = /src="(\/assets\/[^"]+\.js)"/.exec(index)?.[1];
    expect(script).toBeTruthy();
    const plain = await raw(program.url + script);
    const packed = await raw(program.url + script, { 'accept-encoding': 'gzip, br' });
    expect(packed.headers['content-encoding']).toBe('br');
    expect(packed.headers['cache-control']).toContain('immutable');
    expect(brotliDecompressSync(packed.body).equals(plain.body)).toBe(true);
    const gzip = await raw(program.url + script, { 'accept-encoding': 'gzip, br;q=0' });
    expect(gzip.headers['content-encoding']).toBe('gzip');
    const again = await raw(program.url + script, { 'if-none-match': plain.headers.etag ?? '' });
    expect(again.status).toBe(304);
    expect(again.body.length).toBe(0);
  });

  test('only the addresses of the page are answered with it', async ({ program }) => {
    for (const address of ['/api/v1/nothing', '/api/v3/nothing', '/docs/nothing', '/assets/nothing.js', '/projects/', '/v1/applications/x', '/index.html', '/studies/../etc']) {
      const answer = await raw(program.url + address);
      expect(answer.status, address).toBeGreaterThanOrEqual(400);
      expect(answer.body.toString(), address).not.toContain('<div id="root">');
    }
    expect((await raw(`${program.url}/healthz`)).headers['content-type']).toContain('json');
    expect((await raw(`${program.url}/docs`)).body.toString()).not.toContain('<div id="root">');
  });
});

test.describe('signing in @quick', () => {
  test('a wrong password is refused in words and keeps what was typed', async ({ page }) => {
    await page.goto('/sign-in');
    await page.getByLabel('E-mail address').fill('demo@example.org');
    await page.getByRole('textbox', { name: 'Password' }).fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
    await expect(page.getByRole('textbox', { name: 'E-mail address' })).toHaveValue('demo@example.org');
    await expectAccessible(page);
  });

  test('an address asked for first is where one lands, and leaving leaves', async ({ page }) => {
    await page.goto('/studies?q=sleep');
    await expect(page).toHaveURL(/sign-in/);
    await page.getByLabel('E-mail address').fill('demo@example.org');
    await page.getByRole('textbox', { name: 'Password' }).fill('sheaf-demo-password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page).toHaveURL(/studies\?q=sleep/);
    await page.getByRole('button', { name: /Account of/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await expect(page).toHaveURL(/sign-in/);
    await page.goto('/studies');
    await expect(page).toHaveURL(/sign-in/);
  });

  // Bytes are held to; the time depends on the machine and is only written down.
  for (const [name, address] of [['sign-in', '/sign-in'], ['the studies', '/studies']] as const) {
    test(`the first view is small on a cold cache: ${name}`, async ({ browser, program }) => {
      const context = await browser.newContext({ baseURL: program.url });
      const page = await context.newPage();
      if (address !== '/sign-in') {
        const answer = await context.request.post('/api/v1/session', { data: { email: 'demo@example.org', password: 'sheaf-demo-password' } });
        expect(answer.ok()).toBe(true);
      }
      const devtools = await context.newCDPSession(page);
      await devtools.send('Network.enable');
      await devtools.send('Network.clearBrowserCache');
      const scripts = new Set<string>();
      let [script, all, cached] = [0, 0, 0];
      devtools.on('Network.responseReceived', (event) => {
        if (event.type === 'Script') scripts.add(event.requestId);
        if (event.response.fromDiskCache) cached += 1;
      });
      devtools.on('Network.loadingFinished', (event) => {
        all += event.encodedDataLength;
        if (scripts.has(event.requestId)) script += event.encodedDataLength;
      });
      await page.goto(address);
      await expect(page.getByRole(address === '/sign-in' ? 'button' : 'heading', { name: address === '/sign-in' ? 'Sign in' : 'Studies' }).first()).toBeVisible();
      await page.waitForLoadState('networkidle');
      const paint = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN);
      expect(cached).toBe(0);
      expect(scripts.size).toBeGreaterThan(0);
      expect(script).toBeGreaterThan(50_000);
      expect(script).toBeLessThan(300_000);
      test.info().annotations.push({ type: 'first view', description: `${name}: ${script} bytes of script, ${all} bytes in all, first painted after ${Math.round(paint)} ms` });
      console.log(test.info().annotations.at(-1)?.description);
      await context.close();
    });
  }
});
