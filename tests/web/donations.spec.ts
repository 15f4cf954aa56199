import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { expect, expectAccessible, keepScreen, test } from './harness/page';
import type { Program } from './harness/program';

/** Takes part as a donor's browser does, with DDM's pages; answers the participant's id. */
async function donate(program: Program, slug: string, urlId: string, entries: object[]): Promise<string> {
  const jar = new Map<string, string>();
  const place = `${program.url}/ddm/studies/${slug}`;
  const go = async (page: string, options: RequestInit = {}) => {
    const answer = await fetch(`${place}/${page}/`, { redirect: 'manual', ...options, headers: { Cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; '), ...options.headers } });
    if (answer.status >= 400) throw new Error(`${page}: ${answer.status} ${await answer.text()}`);
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0]!.split('=');
      jar.set(name!, value!);
    }
  };
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sheaf-donation-'));
  try {
    fs.writeFileSync(path.join(directory, 'data_donation.json'), JSON.stringify({ 1: { consent: true, extractedData: entries, status: 'success' } }));
    execFileSync('/usr/bin/python3', ['-m', 'zipfile', '-c', 'donation.zip', 'data_donation.json'], { cwd: directory });
    await go('briefing');
    await go('briefing', { method: 'POST', body: new URLSearchParams({ briefing_consent: '1' }) });
    const form = new FormData();
    form.append('post_data', new Blob([fs.readFileSync(path.join(directory, 'donation.zip'))]), 'donation.zip');
    await go('data-donation', { method: 'POST', body: form });
    await go('questionnaire', { method: 'POST', body: new URLSearchParams({ post_data: JSON.stringify({ responses: { 'question-12': '1' }, questionnaire_config: [] }) }) });
    await go('debriefing');
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
  return jar.get(`ddm_${urlId}`)!;
}

test('the Data Center: participation, donations as trees, responses, a token that works, the log, the passphrase', async ({ signedIn: page, program }) => {
  await program.send('POST', '/studies', { id: 'watch', name: 'What we watch' });
  await page.goto('/studies/watch/data-center');
  await expect(page.getByText('This study asks for no donations')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Make it a donation project' }).click();
  await page.getByRole('textbox', { name: 'Files that are asked for' }).fill('Watch history\nSearches');
  await page.getByRole('button', { name: 'Make the project' }).click();
  await expect(page.getByText('Nobody has begun yet')).toBeVisible();
  const made = await program.json<{ url_id: string; slug: string; settings: { blueprints: object[] } }>('/studies/watch/donation-project');
  expect(made.settings.blueprints).toMatchObject([{ id: 1, name: 'Watch history' }, { id: 2, name: 'Searches' }]);
  await program.send('PUT', '/studies/watch/donation-project', { ...made.settings, briefing_consent: true, questionnaire: [{ id: 12, variable_name: 'satisfied' }] });
  const who = await donate(program, made.slug, made.url_id, [{ title: 'Ten minutes of rain', time: '2026-01-31' }]);

  await page.reload();
  const row = page.getByRole('grid', { name: 'Participation' }).getByRole('row', { name: new RegExp(who) });
  await expect(row).toContainText('debriefing');
  await expect(row).toContainText('success');
  await expect(page.locator('.figure').filter({ hasText: 'Files donated' })).toContainText('1');
  await expectAccessible(page);
  await keepScreen(page, 'data-center');
  const parts = page.getByRole('navigation', { name: 'Parts of the Data Center' });
  await parts.getByRole('link', { name: 'Donations' }).click();
  await page.locator('.donation > summary', { hasText: who }).click();
  await page.locator('.json summary', { hasText: '2 members' }).click();
  await expect(page.locator('.donation[open]')).toContainText('Ten minutes of rain');
  await expectAccessible(page);
  await keepScreen(page, 'data-center-donations');
  await parts.getByRole('link', { name: 'Responses' }).click();
  await expect(page.getByRole('grid', { name: /Records of/ })).toContainText(who);

  await parts.getByRole('link', { name: 'Token' }).click();
  await page.getByRole('button', { name: 'Make a token' }).click();
  const shown = () => page.getByRole('region', { name: 'The token', exact: true }).innerText();
  const overview = (token: string) => fetch(`${program.url}/ddm/api/project/${made.url_id}/overview`, { headers: { Authorization: `Token ${token.trim()}` } });
  const first = await shown();
  expect(((await (await overview(first)).json()) as { participants: { external_id: string }[] }).participants[0]!.external_id).toBe(who);
  await expectAccessible(page);
  await keepScreen(page, 'data-center-token');
  await page.getByRole('button', { name: 'Replace the token' }).click();
  await page.getByRole('button', { name: 'Replace it' }).click();
  await expect.poll(shown).not.toBe(first);
  expect((await overview(first)).status).toBe(401);
  expect((await overview(await shown())).status).toBe(200);
  await page.reload();
  await expect(page.getByText('Good until')).toBeVisible();
  await expect(page.getByRole('region', { name: 'The token', exact: true })).toHaveCount(0);
  await page.getByRole('button', { name: 'Delete it' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete it' }).click();
  await expect(page.getByText('There is no token')).toBeVisible();

  await parts.getByRole('link', { name: 'Access log' }).click();
  await expect(page.getByRole('grid', { name: 'Access log' })).toContainText('Project details retrieved');
  await expect(page.getByRole('grid', { name: 'Access log' })).toContainText('Access Token Deleted');
  await expectAccessible(page);

  await parts.getByRole('link', { name: 'Passphrase' }).click();
  await page.getByLabel('Passphrase', { exact: false }).first().fill('a horse, a staple');
  await page.getByLabel('The same again').fill('a horse, a staple');
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Make it super-secret' }).click();
  await expect(page.getByRole('button', { name: 'Unlock the project' })).toBeVisible();
  expect((await program.json<{ super_secret: boolean }>('/studies/watch/donation-project')).super_secret).toBe(true);
  await parts.getByRole('link', { name: 'Donations' }).click();
  await page.locator('.donation > summary', { hasText: who }).click();
  await expect(page.getByRole('alert')).toContainText('could not be opened');
  await page.getByLabel('Passphrase of the project').fill('a horse, a staple');
  await page.locator('.json summary', { hasText: '2 members' }).click();
  await expect(page.locator('.donation[open]')).toContainText('Ten minutes of rain');
});

test('what a project asks is edited: files, what is taken of them, questions; and taken back', async ({ signedIn: page, program }) => {
  await program.send('POST', '/studies', { id: 'asking', name: 'Asking' });
  await program.send('PUT', '/studies/asking/donation-project', { blueprints: [{ id: 1, name: 'Watch history', format: 'json' }] });
  const settings = async () => (await program.json<{ settings: Record<string, unknown> }>('/studies/asking/donation-project')).settings;
  const before = await settings();
  await page.goto('/studies/asking/data-center?tab=asked');
  const history = page.getByRole('region', { name: 'Blueprint Watch history' });
  await history.getByRole('textbox', { name: 'Path in the ZIP' }).fill('watch.*\\.json');
  await history.getByRole('textbox', { name: 'Fields that have to be there' }).fill('title');
  await page.keyboard.press('Enter');
  for (const [index, field] of ['title', 'url'].entries()) {
    await history.getByRole('button', { name: 'Rule', exact: true }).click();
    await history.getByRole('textbox', { name: 'Field of the file' }).nth(index).fill(field);
  }
  await history.getByRole('textbox', { name: 'What is done' }).nth(1).click();
  await page.getByRole('option', { name: 'replace match (regex)' }).click();
  await history.getByRole('textbox', { name: 'Compared with' }).fill('\\?.*');
  await history.getByRole('textbox', { name: 'Replaced by' }).fill('…');
  await page.getByRole('button', { name: 'Another file' }).click();
  await page.getByRole('region', { name: 'Blueprint 2' }).getByRole('textbox', { name: 'Name' }).fill('Searches');
  await page.getByRole('textbox', { name: 'Contact' }).fill('ada@example.org');
  for (const [index, name] of ['satisfied', 'not a name'].entries()) {
    await page.getByRole('button', { name: 'Question', exact: true }).click();
    await page.getByRole('textbox', { name: 'Variable' }).nth(index).fill(name);
  }
  // A name that is none is not sent, and nothing that was typed goes away.
  await page.getByRole('button', { name: 'Save what is asked' }).click();
  await expect(page.getByRole('textbox', { name: 'Variable' }).nth(1)).toBeFocused();
  expect(await settings()).toEqual(before);
  await page.getByRole('textbox', { name: 'Variable' }).nth(1).fill('used');
  await page.getByRole('group', { name: 'Question 2' }).getByRole('textbox', { name: 'Items, by number' }).fill('1');
  await page.keyboard.press('Enter');
  await expectAccessible(page);
  await keepScreen(page, 'data-center-asked');
  await page.getByRole('button', { name: 'Save what is asked' }).click();
  await expect(page.getByText('What is asked is saved.')).toBeVisible();
  expect(await settings()).toMatchObject({
    contact_information: 'ada@example.org',
    blueprints: [
      {
        id: 1, name: 'Watch history', regex_path: 'watch.*\\.json', expected_fields: ['title'],
        extraction_rules: [{ id: 1, field: 'title', comparison_operator: null }, { id: 2, field: 'url', comparison_operator: 'regex-replace-match', comparison_value: '\\?.*', replacement_value: '…' }],
      },
      { id: 2, name: 'Searches', format: 'json' },
    ],
    questionnaire: [{ id: 1, variable_name: 'satisfied', items: [] }, { id: 2, variable_name: 'used', items: [{ value: 1 }] }],
  });
  const { datasets } = await program.json<{ datasets: { id: string }[] }>('/studies/asking/datasets');
  expect(datasets.map((one) => one.id)).toEqual(expect.arrayContaining(['blueprint-1', 'blueprint-2', 'questionnaire']));
  await page.keyboard.press('Control+z');
  await expect(page.getByRole('textbox', { name: 'Contact' })).toHaveValue('');
  expect((await settings())['contact_information']).toBe('');
});
