import fs from 'node:fs';

import { expect, expectAccessible, keepScreen, test } from './harness/page';

// What a new user does on the first day, from signing in to a key, without a manual.
test('find ratings, see the plot, filter, download without identifiers, make a key @quick', async ({ signedIn: page, program }) => {
  await page.getByRole('link', { name: 'Watching together' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Watching together' })).toBeVisible();
  await expect(page.locator('.figure').filter({ hasText: 'Participants' })).toContainText('10');
  await expectAccessible(page);

  await page.getByRole('navigation', { name: 'Views of this study' }).getByRole('link', { name: 'Participants' }).click();
  const row = page.getByRole('row').nth(1);
  const participant = (await row.getByRole('gridcell').first().innerText()).trim();
  await row.getByRole('link').click();
  await page.getByRole('link', { name: /continuous_ratings/ }).click();
  await expect(page).toHaveURL(new RegExp(`participants/${participant}/data/continuous_ratings`));
  await expect(page.locator('.uplot canvas')).toBeVisible();
  await expectAccessible(page);
  await keepScreen(page, 'ratings-plot');

  await page.getByText('Table', { exact: true }).click();
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByRole('textbox', { name: 'Field' }).click();
  await page.getByRole('option', { name: 'value', exact: true }).click();
  await page.getByRole('textbox', { name: 'Comparison' }).click();
  await page.getByRole('option', { name: 'is at least' }).click();
  await page.getByRole('textbox', { name: 'Value' }).fill('50');
  const filter = { field: 'value', op: '>=', value: 50 };
  const query = new URLSearchParams({ filter: JSON.stringify(filter), participant });
  const { count } = await program.json<{ count: number }>(`/studies/demo-experiment/datasets/continuous_ratings/count?${query}`);
  expect(count).toBeGreaterThan(0);
  await expect(page.getByText(`${count.toLocaleString('en-US')} rows match`)).toBeVisible();
  await expect(page).toHaveURL(/filter=/);

  await page.getByRole('button', { name: 'Download', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: /Download/ });
  await dialog.getByText('Without identifiers').click();
  await expect(dialog.getByRole('status')).toContainText('participant');
  await expectAccessible(page);
  const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Download' }).click()]);
  const saved = fs.readFileSync(await download.path(), 'utf8');
  // Without identifiers the API names people by their codes.
  const [record] = (await program.json<{ records: { seq: number }[] }>(`/studies/demo-experiment/datasets/continuous_ratings/records?limit=1&participant=${participant}`)).records;
  const bySeq = new URLSearchParams({ filter: JSON.stringify({ field: 'record.seq', op: '=', value: record!.seq }), identifiers: 'remove' });
  const coded = await program.json<{ records: { participant: string }[] }>(`/studies/demo-experiment/datasets/continuous_ratings/records?${bySeq}`);
  query.set('participant', coded.records[0]!.participant);
  query.set('identifiers', 'remove');
  query.set('format', 'csv');
  const streamed = await (await program.api(`/studies/demo-experiment/datasets/continuous_ratings/export?${query}`)).text();
  expect(saved).toBe(streamed);
  expect(saved.trim().split('\n').length).toBe(count + 1);
  expect(saved).not.toContain(participant);
  await page.getByRole('button', { name: 'Done' }).click();

  await page.getByRole('button', { name: /Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Keys', exact: true }).click();
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('my notebook');
  await page.getByRole('button', { name: 'Make the key' }).click();
  const shown = page.getByRole('dialog', { name: /my notebook/ });
  const key = (await shown.getByRole('region', { name: 'The key' }).innerText()).trim();
  expect((await fetch(`${program.url}/api/v1/studies`, { headers: { Authorization: `Bearer ${key}` } })).status).toBe(200);
  const [env] = await Promise.all([page.waitForEvent('download'), shown.getByRole('button', { name: /sheaf.env/ }).click()]);
  expect(fs.readFileSync(await env.path(), 'utf8')).toBe(`SHEAF_SERVER=${program.url}\nSHEAF_KEY=${key}\n`);
  await expectAccessible(page);
  await shown.getByRole('button', { name: 'I have it' }).click();
  await expect(page.getByText(key)).toHaveCount(0);
  await expect(page.getByRole('grid', { name: 'Keys' })).toContainText('my notebook');
});
