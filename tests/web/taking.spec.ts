import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

import type { Download, Locator } from '@playwright/test';

import { expect, expectAccessible, keepScreen, test, type Page } from './harness/page';
import type { Program } from './harness/program';

/** Presses what begins a download and takes the file that comes of it. */
async function taken(page: Page, button: Locator): Promise<Download> {
  const [file] = await Promise.all([page.waitForEvent('download'), button.click()]);
  await page.getByRole('button', { name: 'Done', exact: true }).click();
  return file;
}

async function pick(page: Page, box: Locator, name: string): Promise<void> {
  await box.click();
  await page.getByRole('option', { name, exact: true }).click();
}

const entriesOf = (path: string) =>
  JSON.parse(execFileSync('/usr/bin/python3', ['-c', 'import json, sys, zipfile\narchive = zipfile.ZipFile(sys.argv[1])\nprint(json.dumps({name: archive.read(name).decode("utf8", "replace") for name in archive.namelist()}))', path], { encoding: 'utf8', maxBuffer: 1 << 28 })) as Record<string, string>;

test('one dataset in each format is what the API says, with the columns, options, sets, zone and BOM asked for', async ({ signedIn: page, program }) => {
  await page.goto('/studies/demo-survey/data/wellbeing');
  const dialog = page.getByRole('dialog', { name: /Download/ });
  const open = () => page.getByRole('button', { name: 'Download', exact: true }).first().click();
  const api = async (query: string) => Buffer.from(await (await program.api(`/studies/demo-survey/datasets/wellbeing/export?${query}`)).arrayBuffer());
  for (const format of ['JSON', 'NDJSON', 'Parquet']) {
    await open();
    await dialog.getByText(format, { exact: true }).click();
    const file = await taken(page, dialog.getByRole('button', { name: 'Download' }));
    const saved = fs.readFileSync(await file.path());
    if (format !== 'Parquet') expect(saved.equals(await api(`format=${format.toLowerCase()}`)), format).toBe(true);
    else expect([saved.subarray(0, 4).toString(), saved.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);
  }
  await open();
  await dialog.getByRole('button', { name: /More/ }).click();
  const columns = dialog.getByRole('textbox', { name: 'Columns' });
  for (const name of ['Participant', 'gender', 'activities', 'started_at']) {
    await columns.fill(name);
    await page.getByRole('option', { name: name === 'Participant' ? /^Participant/ : new RegExp(`\\(${name}\\)|^${name}$`) }).first().click();
  }
  await page.keyboard.press('Escape');
  await expect(dialog).toBeVisible();
  await dialog.getByRole('textbox', { name: 'Times in' }).click();
  await dialog.getByRole('textbox', { name: 'Times in' }).fill('Europe/Berlin');
  await page.getByRole('option', { name: 'Europe/Berlin' }).click();
  await pick(page, dialog.getByRole('textbox', { name: 'Options as' }), 'Labels');
  await pick(page, dialog.getByRole('textbox', { name: 'Written for' }), 'Excel: with BOM');
  await pick(page, dialog.getByRole('textbox', { name: 'Questions with several answers' }), 'A column for each option, 1 or 0');
  await dialog.getByRole('textbox', { name: 'Skipped is written as' }).fill('-99');
  await dialog.getByRole('textbox', { name: 'Not asked is written as' }).fill('-77');
  await expectAccessible(page);
  await keepScreen(page, 'download-options');
  const file = await taken(page, dialog.getByRole('button', { name: 'Download' }));
  const saved = fs.readFileSync(await file.path());
  expect([...saved.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf]);
  const asked = { columns: 'participant,gender,activities,started_at', timezone: 'Europe/Berlin', values: 'labels', profile: 'excel', sets: 'split' };
  const { exports } = await program.json<{ exports: { request: object }[] }>('/studies/demo-survey/exports');
  expect(exports[0]!.request).toMatchObject({ ...asked, missing: { skipped: '-99', absent: '-77' } });
  const query = new URLSearchParams({ ...asked, format: 'csv', missing: 'skipped=-99,absent=-77' });
  expect(saved.toString()).toBe((await api(query.toString())).toString());
  expect(saved.toString()).toContain('+01:00');
  expect(saved.toString().split('\n')[0]).toContain('activities/sport');
});

test('a session, a participant, some participants and the whole study are taken as ZIPs that hold what the API holds', async ({ signedIn: page, program }) => {
  const dialog = page.getByRole('dialog', { name: /Download/ });
  const csv = async (dataset: string, query = '') => (await program.api(`/studies/demo-experiment/datasets/${dataset}/export?format=csv${query}`)).text();
  const { datasets } = await program.json<{ datasets: { id: string }[] }>('/studies/demo-experiment/datasets');
  const sessions = await program.json<{ attendance: { participant: string }[] }>('/studies/demo-experiment/sessions/room-002');
  const who = sessions.attendance[0]!.participant;
  const same = async (file: Download, query: string) => {
    const entries = entriesOf(await file.path());
    for (const { id } of datasets) {
      const name = Object.keys(entries).find((one) => one.endsWith(`${id}.csv`));
      expect(name, `${id} in ${Object.keys(entries).join(', ')}`).toBeTruthy();
      expect(entries[name!]).toBe(await csv(id, query));
    }
    expect(Object.keys(entries).some((name) => name.endsWith('datapackage.json'))).toBe(true);
  };
  await page.goto('/studies/demo-experiment/sessions');
  await page.getByRole('button', { name: 'Download session Room 002' }).click();
  await same(await taken(page, dialog.getByRole('button', { name: 'Download' })), '&session=room-002');
  await page.goto(`/studies/demo-experiment/participants/${who}`);
  await page.getByRole('button', { name: 'Download all of theirs' }).click();
  await same(await taken(page, dialog.getByRole('button', { name: 'Download' })), `&participant=${who}`);
  await page.goto('/studies/demo-experiment');
  await page.getByRole('button', { name: 'Download the study' }).click();
  await same(await taken(page, dialog.getByRole('button', { name: 'Download' })), '');

  // Of a list that was narrowed, those that are left; the list of them too.
  await page.goto(`/studies/demo-experiment/participants?q=${who}`);
  await page.getByRole('button', { name: 'Download these' }).click();
  await dialog.locator('.mantine-MultiSelect-input').click();
  await page.getByRole('option', { name: 'The list of participants' }).click();
  await page.keyboard.press('Escape');
  const file = await taken(page, dialog.getByRole('button', { name: 'Download' }));
  await same(file, `&participant=${who}`);
  const entries = entriesOf(await file.path());
  const list = entries[Object.keys(entries).find((name) => name.includes('participants') && name.endsWith('.csv'))!]!;
  expect(list.trim().split('\n').length).toBe(2);
  expect(list).toContain(who);
});

/** Rows enough that an export of them is not over before one looks. */
async function plenty(program: Program, rows: number): Promise<void> {
  await program.send('POST', '/studies', { id: 'plenty', name: 'Plenty' });
  await program.send('PUT', '/studies/plenty/datasets/readings', { name: 'Readings', kind: 'sensor', mode: 'append', fields: [{ id: 'n', type: 'integer' }, { id: 'value', type: 'double' }, { id: 'text', type: 'string' }] });
  for (let from = 0; from < rows; from += 100_000) {
    const lines = ['participant,time,n,value,text'];
    for (let n = from; n < from + 100_000; ++n) lines.push(`p${n % 50},${new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString()},${n},${(n % 1000) / 10},some words of reading ${n}`);
    await program.api('/studies/plenty/datasets/readings/records', { method: 'POST', body: lines.join('\n') + '\n', headers: { 'Content-Type': 'text/csv' } });
  }
}

test('an export is cancelled half-way; another outlives a server that is stopped half-way and started again, and is saved', async ({ signedIn: page, program }) => {
  const rows = 500_000;
  await plenty(program, rows);
  const state = async () => (await program.json<{ exports: { state: string; progress: { rows: number } }[] }>('/studies/plenty/exports')).exports.map((job) => job.state);
  await page.goto('/studies/plenty/data/readings?view=table');
  const dialog = page.getByRole('dialog', { name: /Download/ });
  const begin = async () => {
    await page.getByRole('button', { name: 'Download', exact: true }).click();
    await dialog.getByText('ZIP', { exact: true }).click();
    await pick(page, dialog.getByRole('textbox', { name: 'Files in the ZIP' }), 'JSON');
    await dialog.getByText('Without identifiers').click();
    await dialog.getByRole('button', { name: 'Download' }).click();
  };
  const progress = page.getByRole('dialog', { name: 'Readings' });
  await begin();
  await progress.getByRole('button', { name: 'Cancel' }).click();
  await expect(progress).toContainText('Cancelled');
  expect(await state()).toEqual(['cancelled']);
  await progress.getByRole('button', { name: 'Done' }).click();

  await begin();
  await expect(progress.getByRole('button', { name: 'Cancel' })).toBeVisible();
  const saved = page.waitForEvent('download', { timeout: 120_000 });
  await program.stop();
  await expect(progress.getByRole('alert')).toContainText('it goes on without this page');
  await keepScreen(page, 'export-server-away');
  await program.start();
  const entries = entriesOf(await (await saved).path());
  const records = JSON.parse(entries[Object.keys(entries).find((name) => name.endsWith('readings.json'))!]!) as unknown;
  const list = (Array.isArray(records) ? records : Object.values(records as object).find(Array.isArray)) as unknown[];
  expect(list.length).toBe(rows);
  expect(await state()).toEqual(expect.arrayContaining(['succeeded', 'cancelled']));

  // From the list: once more as it is, and the same again.
  await page.goto('/studies/plenty/exports');
  const done = page.getByRole('grid', { name: 'Exports' }).getByRole('row', { name: /succeeded/ });
  const [again] = await Promise.all([page.waitForEvent('download'), done.first().getByRole('button', { name: /^Download / }).click()]);
  const { exports } = await program.json<{ exports: { state: string; file_name: string; file_size: number; expires_at: string }[] }>('/studies/plenty/exports');
  const kept = exports.find((job) => job.state === 'succeeded')!;
  expect(again.suggestedFilename()).toBe(kept.file_name);
  expect(fs.statSync(await again.path()).size).toBe(kept.file_size);
  await expect(done.first()).toContainText(kept.expires_at.slice(0, 10));
  // With one record more it is another file.
  await program.send('POST', '/studies/plenty/datasets/readings/records', [{ participant: 'p1', time: '2026-02-01T00:00:00Z', values: { n: -1, value: 0, text: 'late' } }]);
  await done.first().getByRole('button', { name: 'Export the same again' }).click();
  await expect(page.getByRole('dialog', { name: /readings as zip/ })).toContainText(`${(rows + 1).toLocaleString('en-US')} of ${(rows + 1).toLocaleString('en-US')} rows`);
  expect((await state()).length).toBe(3);
});

test('an import that a stopped server breaks goes on where it was, and takes no row twice', async ({ signedIn: page, program }) => {
  await program.send('POST', '/studies', { id: 'broken-off', name: 'Broken off' });
  await page.goto('/studies/broken-off/import');
  const rows = 40_000;
  const lines = ['participant,time,n'];
  for (let n = 0; n < rows; ++n) lines.push(`p${n % 7},${new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString()},${n % 10_000 === 9999 ? 'none' : n}`);
  // Dropped, as from a folder.
  const transfer = await page.evaluateHandle((text) => {
    const held = new DataTransfer();
    held.items.add(new File([text], 'steps.csv', { type: 'text/csv' }));
    return held;
  }, lines.join('\n') + '\n');
  await page.locator('.drop').dispatchEvent('drop', { dataTransfer: transfer });
  await expect(page.getByRole('textbox', { name: 'Type of n' })).toHaveValue('integer');
  // The server goes away when the third of eight batches has been sent: it was taken, and the page never hears so.
  let sent = 0;
  await page.route('**/datasets/steps/records*', async (route) => {
    sent += 1;
    if (sent !== 3) return route.continue();
    await route.fetch();
    await program.stop();
    return route.abort('connectionreset');
  });
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('did not answer');
  await expect(page.getByText(/Not finished/)).toContainText('9,999 rows accepted, 1 rejected');
  await expectAccessible(page);
  await keepScreen(page, 'import-broken-off');
  await program.start();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(page.getByText(/^Imported/)).toContainText('39,996 rows accepted, 4 rejected');
  const { count } = await program.json<{ count: number }>('/studies/broken-off/datasets/steps/count');
  expect(count).toBe(rows - 4);
});
