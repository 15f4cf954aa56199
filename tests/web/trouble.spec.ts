import { expect, expectAccessible, keepScreen, test } from './harness/page';

const VIEWS: [string, string][] = [
  ['studies', '/studies'], ['overview', '/studies/demo-experiment'], ['sessions', '/studies/demo-experiment/sessions'], ['session', '/studies/demo-experiment/sessions/room-001'],
  ['participants', '/studies/demo-donations/participants'], ['events', '/studies/demo-experiment/data/events'], ['record', '/studies/demo-experiment/data/events?record=19'],
  ['chat', '/studies/demo-experiment/sessions/room-001/data/chat'], ['sync', '/studies/demo-experiment/data/sync_metrics?view=lights'], ['ratings', '/studies/demo-experiment/data/sparse_ratings?view=spread'],
  ['track', '/studies/demo-sensors/participants/S001/data/gps'], ['plot', '/studies/demo-sensors/participants/S001/data/heart_rate?view=plot'], ['answers', '/studies/demo-survey/data/wellbeing?view=answers'],
  ['filter', '/studies/demo-survey/data/wellbeing?filtering=true'], ['donations', '/studies/demo-donations/data/blueprint-3?view=tree'], ['exports', '/studies/demo-survey/exports'], ['settings', '/studies/demo-survey/settings'],
  ['data-center', '/studies/demo-donations/data-center'], ['data-center-donations', '/studies/demo-donations/data-center?tab=donations'], ['data-center-asked', '/studies/demo-donations/data-center?tab=asked'], ['list-filter', '/studies/demo-experiment/sessions?filtering=true'], ['data-center-token', '/studies/demo-donations/data-center?tab=token'],
  ['data-center-passphrase', '/studies/demo-donations/data-center?tab=passphrase'], ['live', '/studies/demo-sensors/live'], ['quality', '/studies/demo-sensors/quality'], ['quality-dataset', '/studies/demo-experiment/quality/continuous_ratings'], ['quality-session', '/studies/demo-experiment/sessions/room-001/quality'],
  ['accounts', '/server/accounts'],
];

for (const [name, look] of Object.entries({ 'light, wide': { colorScheme: 'light', width: 1280 }, 'dark, wide': { colorScheme: 'dark', width: 1280 }, 'light, phone': { colorScheme: 'light', width: 390 }, 'dark, phone': { colorScheme: 'dark', width: 390 } } as const)) {
  test.describe(`main views, ${name}`, () => {
    test.use({ colorScheme: look.colorScheme, viewport: { width: look.width, height: 800 } });
    test('are accessible and no wider than the window', async ({ signedIn: page, program }) => {
      await program.send('PUT', '/studies/demo-donations/donation-project', {});
      for (const [view, address] of VIEWS) {
        await page.goto(address);
        // A stream has no end to wait for.
        if (view === 'live') await expect(page.getByText('connected', { exact: true })).toBeVisible();
        else await page.waitForLoadState('networkidle');
        await keepScreen(page, `${view}-${look.width}-${look.colorScheme}`);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        expect(wide, `${view} is wider than the window`).toBeLessThanOrEqual(0);
        await expectAccessible(page);
      }
    });
  });
}

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 800 } });
  test('where one is stands in sight: the open tab, and the last of the crumbs', async ({ signedIn: page, program }) => {
    await program.send('PUT', '/studies/demo-donations/donation-project', {});
    for (const [address, strip, name] of [
      ['/studies/demo-donations/data-center?tab=passphrase', 'Parts of the Data Center', 'Passphrase'],
      ['/studies/demo-experiment/data/components', 'Datasets', 'components'],
      ['/studies/demo-sensors/participants/S001/data/heart_rate', 'Where you are', 'heart_rate'],
    ] as const) {
      await page.goto(address);
      const current = page.getByRole('navigation', { name: strip }).locator('[aria-current]');
      await expect(current).toContainText(name);
      await expect.poll(async () => {
        const box = (await current.boundingBox())!;
        return box.x >= 0 && box.x + box.width <= 391;
      }, address).toBe(true);
    }
  });
});

test('what is at work says so in words', async ({ signedIn: page }) => {
  await page.getByRole('button', { name: 'New study' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Slow');
  let answer = () => {};
  const asked = new Promise<void>((resolve) => { answer = resolve; });
  await page.route('**/api/v1/studies', async (route) => {
    if (route.request().method() === 'POST') await asked;
    await route.continue();
  });
  const button = page.getByRole('button', { name: 'Make the study' });
  await button.click();
  await expect(button).toHaveAttribute('data-loading', 'true');
  const words = button.locator('.mantine-Button-label');
  const inside = async () => {
    const [outer, inner] = [(await button.boundingBox())!, (await words.boundingBox())!];
    return inner.y >= outer.y && inner.y + inner.height <= outer.y + outer.height && (await button.locator('.mantine-Button-inner').evaluate((element) => getComputedStyle(element).opacity)) === '1';
  };
  await expect.poll(inside).toBe(true);
  await keepScreen(page, 'button-at-work');
  answer();
  await expect(page).toHaveURL(/\/studies\/slow$/);
});

test('a session that ends asks for the password over the view, and keeps what was typed', async ({ signedIn: page }) => {
  await page.getByRole('button', { name: 'New study' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Typed before it ended');
  await page.context().clearCookies();
  await page.getByRole('button', { name: 'Make the study' }).click();
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' });
  await dialog.getByRole('textbox', { name: 'Password' }).fill('sheaf-demo-password');
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue('Typed before it ended');
  await page.getByRole('button', { name: 'Make the study' }).click();
  await expect(page).toHaveURL(/typed-before-it-ended/);
});

test('a server that goes away is told in words, and the view goes on when it is back', async ({ signedIn: page, program }) => {
  await page.goto('/studies/demo-survey/data/wellbeing');
  await expect(page.getByRole('grid')).toBeVisible();
  await program.stop();
  await page.getByRole('textbox', { name: 'Search texts' }).fill('woman');
  await expect(page.getByRole('alert').first()).toContainText('did not answer');
  await program.start();
  await page.getByRole('button', { name: 'Try again' }).first().click();
  await expect(page.getByRole('grid')).toContainText('Woman');

  // What is typed into a form stays, and goes in when the server is back.
  await page.goto('/studies/demo-survey/settings');
  const description = page.getByRole('textbox', { name: 'Description' });
  await description.fill('Typed while it was away');
  await program.stop();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert').first()).toContainText('did not answer');
  await page.getByRole('link', { name: 'Sheaf: all studies' }).hover();
  await expect(description).toHaveValue('Typed while it was away');
  await program.start();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('The study is saved.')).toBeVisible();
  expect((await program.json<{ description: string }>('/studies/demo-survey')).description).toBe('Typed while it was away');
});

test('an export is cancelled, another survives leaving the page', async ({ signedIn: page, program }) => {
  // The progress of a job that does not end by itself while the test looks: the server says it runs until it is asked to stop.
  await page.goto('/studies/demo-sensors/data/accelerometer');
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  let cancelled = false;
  await page.route('**/api/v1/exports/exp_*', async (route) => {
    if (route.request().method() === 'DELETE') {
      cancelled = true;
      return route.continue();
    }
    const answer = await route.fetch();
    const job = (await answer.json()) as { state: string; progress: object };
    if (answer.ok() && !cancelled) return route.fulfill({ response: answer, json: { ...job, state: 'executing', progress: { rows: 100, rows_total: 200, bytes: 5000, fraction: 0.5 } } });
    return route.fulfill({ response: answer });
  });
  await page.getByRole('dialog', { name: /Download/ }).getByRole('button', { name: 'Download' }).click();
  const dialog = page.getByRole('dialog', { name: 'Accelerometer' });
  await expect(dialog.getByText('100 of 200 rows')).toBeVisible();
  await dialog.getByRole('button', { name: 'Go on in the background' }).click();
  await page.getByRole('link', { name: 'Sessions' }).click();
  await page.getByRole('button', { name: 'Exports: 1 running' }).click();
  await page.getByRole('button', { name: 'Accelerometer' }).click();
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await expect.poll(() => cancelled).toBe(true);
  // Answers that are on their way then are nobody's business any more.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  const { exports } = await program.json<{ exports: { state: string }[] }>('/studies/demo-sensors/exports');
  expect(exports.every((job) => job.state === 'cancelled') || exports.length === 0).toBe(true);

  await page.goto('/studies/demo-sensors/data/battery');
  await page.getByRole('button', { name: 'Download', exact: true }).click();
  const saved = page.waitForEvent('download');
  await page.getByRole('dialog', { name: /Download/ }).getByRole('button', { name: 'Download' }).click();
  await expect(page.getByRole('dialog', { name: 'Battery' })).toBeVisible();
  await page.goto('/studies');
  expect((await saved).suggestedFilename()).toMatch(/\.csv$/);
});
