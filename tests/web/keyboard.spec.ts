import { expect, keepScreen, test, type Page } from './harness/page';
import type { Locator } from '@playwright/test';

/** Presses Tab until something has the focus, as somebody without a mouse does. */
async function tabTo(page: Page, target: Locator, most = 90): Promise<void> {
  await expect(target).toBeAttached();
  for (let n = 0; n < most; ++n) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${target} is not reached by ${most} tabs`);
}

test('the whole way with keys alone: sign in, find ratings, look at the plot, filter, download', async ({ page }) => {
  await page.goto('/sign-in');
  await tabTo(page, page.getByRole('textbox', { name: 'E-mail address' }));
  await page.keyboard.type('demo@example.org');
  await tabTo(page, page.getByRole('textbox', { name: 'Password' }));
  await page.keyboard.type('sheaf-demo-password');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Studies' })).toBeVisible();
  await tabTo(page, page.getByRole('link', { name: 'Watching together' }));
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('navigation', { name: 'Views of this study' }).getByRole('link', { name: 'Participants' }));
  await page.keyboard.press('Enter');
  await tabTo(page, page.locator('[data-index="0"]'));
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('[data-index="1"]')).toBeFocused();
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('link', { name: /continuous_ratings/ }));
  await page.keyboard.press('Enter');

  // The plot: from point to point, closer, all again, the record.
  const plot = page.getByRole('group', { name: /continuous_ratings over time/ });
  await tabTo(page, plot);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await expect(page.locator('.u-legend')).toContainText(/20\d\d-/);
  await page.keyboard.press('+');
  await expect(page.getByRole('button', { name: 'See all again' })).toBeVisible();
  await tabTo(page, plot);
  await page.keyboard.press('0');
  await expect(page.getByRole('button', { name: 'See all again' })).toHaveCount(0);
  await keepScreen(page, 'plot-by-keys');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: /Record of/ })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);

  await tabTo(page, page.getByRole('radio', { name: 'Plot' }));
  await page.keyboard.press('ArrowLeft');
  const grid = page.getByRole('grid', { name: /Records of/ });
  await expect(grid).toBeVisible();
  await tabTo(page, page.getByRole('button', { name: 'Filter' }));
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('textbox', { name: 'Field' }));
  await page.keyboard.press('Enter');
  await page.keyboard.type('value');
  // Enter takes what is marked, which it is a moment after it is shown.
  await expect(page.getByRole('option', { name: 'value', exact: true })).toHaveAttribute('data-combobox-selected', 'true');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('option', { name: 'value', exact: true })).toHaveCount(0);
  await expect(page.getByRole('textbox', { name: 'Field' })).toHaveValue('value');
  await tabTo(page, page.getByRole('textbox', { name: 'Comparison' }));
  await page.keyboard.press('Enter');
  const wanted = page.getByRole('option', { name: 'is at least' });
  await expect(wanted).toBeVisible();
  for (let n = 0; n < 20 && (await wanted.getAttribute('data-combobox-selected')) === null; ++n) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await tabTo(page, page.getByRole('textbox', { name: 'Value' }));
  await page.keyboard.type('50');
  await expect(page.getByText(/rows? match/)).toBeVisible();
  await expect(page).toHaveURL(/filter=.*value/);

  const header = grid.getByRole('columnheader', { name: 'Time' });
  await tabTo(page, header.getByRole('button'));
  const before = (await header.boundingBox())!.width;
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(async () => (await header.boundingBox())!.width).toBeGreaterThan(before + 10);
  await page.keyboard.press('Enter');
  await expect(header).toHaveAttribute('aria-sort', 'ascending');

  const download = page.getByRole('button', { name: 'Download', exact: true });
  await download.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: /Download/ });
  await expect(dialog).toBeVisible();
  await tabTo(page, dialog.getByRole('button', { name: 'Download' }));
  const [saved] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
  expect(saved.suggestedFilename()).toMatch(/\.csv$/);
});

test('a track is gone along with keys', async ({ signedIn: page }) => {
  await page.goto('/studies/demo-sensors/participants/S001/data/gps');
  const track = page.getByRole('img', { name: /Track of/ });
  await tabTo(page, track);
  for (const key of ['+', 'ArrowLeft', 'n', 'n']) await page.keyboard.press(key);
  await expect(page.locator('.table-tools time')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: /Record of/ })).toBeVisible();
});

test('what was saved is taken back with Ctrl Z, and what was refused keeps what was typed', async ({ signedIn: page, program }) => {
  type Study = { settings: { minimum_cell: number } };
  await page.goto('/studies/demo-survey/privacy');
  const cell = page.getByRole('textbox', { name: 'Smallest cell of aggregates' });
  const was = Number(await cell.inputValue());
  await cell.fill('17');
  await page.getByRole('button', { name: 'Save' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText('The settings are saved.')).toBeVisible();
  expect((await program.json<Study>('/studies/demo-survey')).settings.minimum_cell).toBe(17);
  await page.keyboard.press('Control+z');
  await expect(cell).toHaveValue(String(was));
  expect((await program.json<Study>('/studies/demo-survey')).settings.minimum_cell).toBe(was);

  await page.route('**/api/v1/keys', (route) => (route.request().method() === 'POST' ? route.abort() : route.continue()));
  await page.goto('/keys');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('not to be lost');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Name' })).toHaveValue('not to be lost');
  await page.unroute('**/api/v1/keys');
  await page.getByRole('button', { name: 'Make the key' }).click();
  await expect(page.getByRole('dialog', { name: /not to be lost/ })).toBeVisible();
});

test('every view shows its times in the zone picked, and says which it is', async ({ signedIn: page }) => {
  const zone = 'Asia/Kathmandu';
  await page.evaluate((name) => localStorage.setItem('sheaf-zone', name), zone);
  const addresses = [
    '/studies', '/studies/demo-experiment', '/studies/demo-experiment/sessions', '/studies/demo-experiment/sessions/room-001', '/studies/demo-experiment/participants',
    '/studies/demo-experiment/data/events', '/studies/demo-experiment/data/events?record=19', '/studies/demo-experiment/sessions/room-001/data/chat', '/studies/demo-donations/data/blueprint-3?view=tree',
    '/studies/demo-survey/quality', '/studies/demo-survey/exports', '/studies/demo-survey/schedules', '/studies/demo-survey/people', '/studies/demo-survey/audit', '/keys', '/account', '/server/accounts', '/server/audit',
  ];
  let times = 0;
  for (const address of addresses) {
    await page.goto(address);
    await expect(page.getByRole('textbox', { name: 'Time zone of all times shown' })).toHaveValue(zone);
    await page.waitForLoadState('networkidle');
    const shown = await page.locator('time').evaluateAll((all) => all.map((one) => ({ at: one.getAttribute('datetime') ?? '', text: one.textContent ?? '' })));
    times += shown.length;
    for (const { at, text } of shown) {
      const words = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' }).format(new Date(at));
      expect(`${words}.`.startsWith(text.slice(0, 19).replace(/\.$/, '')), `${address}: ${at} is shown as ${text}`).toBe(true);
    }
    // No time of day stands outside of those.
    const loose = await page.locator('main').innerText().then((text) => text.match(/\d{4}-\d\d-\d\dT\d\d:\d\d/g) ?? []);
    if (!address.includes('record=')) expect(loose, address).toEqual([]);
  }
  expect(times).toBeGreaterThan(60);
});
