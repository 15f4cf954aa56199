import { expect, test as base, type Page } from '@playwright/test';
import fs from 'node:fs';
import path from 'node:path';

import { EMAIL, PASSWORD, Program, work } from './program';

export { expect };
export type { Page };

interface Fixtures {
  signedIn: Page;
}
interface WorkerFixtures {
  program: Program;
}

/** `program`: a server of the worker's own. `signedIn`: a page of the demo account. Every page is watched: a script's
 *  error, a complaint of the content policy or a request to another host fails the test. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  program: [
    async ({}, use, info) => {
      const program = await Program.make(`worker-${info.parallelIndex}`);
      await use(program);
      await program.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  baseURL: async ({ program }, use) => use(program.url),
  page: async ({ page, program }, use) => {
    const wrong: string[] = [];
    page.on('pageerror', (error) => wrong.push(`script: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && /Content Security Policy|Refused to/.test(message.text())) wrong.push(message.text());
    });
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (/^https?:$/.test(url.protocol) && url.origin !== program.url) wrong.push(`a request to ${url.origin}`);
    });
    await use(page);
    expect(wrong).toEqual([]);
  },
  signedIn: async ({ page }, use) => {
    await signIn(page);
    await use(page);
  },
});

export async function signIn(page: Page, email = EMAIL, password = PASSWORD): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Studies' })).toBeVisible();
}

/** Kept to be looked at, in build/web-tests/screens. */
export async function keepScreen(page: Page, name: string): Promise<void> {
  const directory = path.join(work, 'screens');
  fs.mkdirSync(directory, { recursive: true });
  await page.screenshot({ path: path.join(directory, `${name}.png`) });
}

/** axe-core over the page as it stands: WCAG 2.2 A and AA. */
export async function expectAccessible(page: Page): Promise<void> {
  const source = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
  // Put in by the test's own world: the page's policy lets no inline script in.
  await page.evaluate(source);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (node: Document, options: object) => Promise<{ violations: { id: string; help: string; nodes: { html: string; failureSummary?: string }[] }[] }> } };
    const { violations } = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
    return violations.map((violation) => `${violation.id}: ${violation.help}\n  ${violation.nodes.map((node) => `${node.html.slice(0, 220)}\n     ${node.failureSummary ?? ''}`).join('\n  ')}`);
  });
  expect(found, found.join('\n')).toEqual([]);
}
