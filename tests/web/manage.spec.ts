import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import jsQR from 'jsqr';

import { expect, expectAccessible, keepScreen, signIn, test } from './harness/page';
import { addUser } from './harness/program';

/** The code an authenticator shows (RFC 6238). */
function codeOf(secret: string, at = Date.now()): string {
  const bits = [...secret.replaceAll(' ', '')].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const digest = createHmac('sha1', key).update(counter).digest();
  const offset = digest[19]! & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('a dropped file: types corrected, good rows in, bad rows listed and saved @quick', async ({ signedIn: page, program }) => {
  await program.send('POST', '/studies', { id: 'importing', name: 'Importing' });
  await page.goto('/studies/importing/import');
  const rows = ['participant,when,mood,code,note', 'p1,2026-01-02T08:00:00Z,4,007,"fine, really"', 'p2,2026-01-02T09:00:00Z,bad,008,', 'p3,2026-01-03T09:00:00Z,2,009,""'];
  await page.locator('input[type=file]').setInputFiles({ name: 'Sleep diary.csv', mimeType: 'text/csv', buffer: Buffer.from(rows.join('\r\n') + '\r\n') });
  await expect(page.getByRole('textbox', { name: 'Type of code' })).toHaveValue('string');
  await expect(page.getByRole('textbox', { name: 'Type of when' })).toHaveValue('datetime');
  await page.getByRole('textbox', { name: 'Type of mood' }).click();
  await page.getByRole('option', { name: 'integer' }).click();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(page.getByText('2 rows accepted, 1 rejected')).toBeVisible();
  await keepScreen(page, 'import');
  const [list] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /rejected rows/ }).click()]);
  expect(fs.readFileSync(await list.path(), 'utf8')).toMatch(/^line,field,error\r\n3,"mood",/);
  // The rows themselves are saved too, are corrected, and go in by the same way.
  await expect(page.getByRole('region', { name: 'Rejected rows' })).toContainText('p2,2026-01-02T09:00:00Z,bad,008');
  const [rejected] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Save these rows, to correct them' }).click()]);
  expect(fs.readFileSync(await rejected.path(), 'utf8')).toBe('participant,when,mood,code,note\r\np2,2026-01-02T09:00:00Z,bad,008,\r\n');
  const { records } = await program.json<{ records: { participant: string; values: Record<string, unknown> }[] }>('/studies/importing/datasets/sleep_diary/records');
  expect(records.map((record) => record.values)).toEqual([
    { when: '2026-01-02T08:00:00.000Z', mood: 4, code: '007', note: 'fine, really' },
    { when: '2026-01-03T09:00:00.000Z', mood: 2, code: '009', note: '' },
  ]);
  await page.getByRole('link', { name: 'See the data' }).click();
  await expect(page.getByRole('grid', { name: /Records of/ })).toContainText('fine, really');
});

test('a participant sees their own data, asks to be deleted, and is erased', async ({ signedIn: page, program, browser }) => {
  await page.goto('/studies/demo-survey/privacy');
  await page.getByText('Participants may look at their own data').click();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('The settings are saved.')).toBeVisible();
  await expectAccessible(page);

  await page.goto('/studies/demo-survey/participants/P0002');
  await page.getByRole('button', { name: 'Record consent' }).click();
  await page.getByRole('textbox', { name: 'Version of the text' }).fill('2');
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await expect(page.getByText('version 2')).toBeVisible();
  await page.getByRole('button', { name: 'Make a link' }).click();
  const link = (await page.getByRole('region', { name: 'The personal link' }).innerText()).trim();
  await expectAccessible(page);

  const theirs = await browser.newPage();
  await theirs.goto(new URL(link, program.url).href.replace(/^https?:\/\/[^/]+/, program.url));
  await expect(theirs.getByRole('heading', { name: 'Your data' })).toBeVisible();
  await expectAccessible(theirs);
  const [own] = await Promise.all([theirs.waitForEvent('download'), theirs.getByRole('button', { name: 'Download everything' }).click()]);
  expect((JSON.parse(fs.readFileSync(await own.path(), 'utf8')) as { participant: string }).participant).toBe('P0002');
  await theirs.getByRole('textbox', { name: 'Please' }).click();
  await theirs.getByRole('option', { name: 'delete all of my data' }).click();
  await theirs.getByRole('button', { name: 'Send' }).click();
  await expect(theirs.getByText('open')).toBeVisible();
  await theirs.close();

  await page.goto('/studies/demo-survey/privacy');
  await expect(page.getByRole('grid', { name: 'Requests' })).toContainText('erasure');
  await page.goto('/studies/demo-survey/participants/P0002');
  await page.getByRole('button', { name: 'Erase' }).click();
  const dialog = page.getByRole('dialog', { name: /for good/ });
  await expect(dialog.getByRole('button', { name: 'Erase' })).toBeDisabled();
  await dialog.getByRole('textbox').fill('P0002');
  await dialog.getByRole('button', { name: 'Erase' }).click();
  await expect(page.getByRole('dialog', { name: 'Erased' })).toContainText('rows');
  const gone = await fetch(`${program.url}/api/v1/studies/demo-survey/participants/P0002`, { headers: { Authorization: `Bearer ${program.key}` } });
  expect(gone.status).toBe(404);
});

test('a participant withdraws, is in no list any more, and is back when that is undone', async ({ signedIn: page, program }) => {
  const listed = async () => (await program.json<{ participants: { id: string }[] }>('/studies/demo-survey/participants?search=P0004')).participants.length;
  await page.goto('/studies/demo-survey/participants/P0004');
  await page.getByRole('button', { name: 'Withdraw' }).click();
  const dialog = page.getByRole('dialog', { name: 'Withdraw this participant?' });
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('moved away');
  await dialog.getByRole('button', { name: 'Withdraw' }).click();
  await expect(page.getByText('P0004 has withdrawn')).toBeVisible();
  await expect.poll(listed).toBe(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(listed).toBe(1);
});

test('a key is copied, its file is used by the samples beside it, and it ends when it is revoked', async ({ signedIn: page, program }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: program.url });
  await page.goto('/keys');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('for a script');
  await page.getByRole('button', { name: 'Make the key' }).click();
  const shown = page.getByRole('dialog', { name: /for a script/ });
  const key = (await shown.getByRole('region', { name: 'The key' }).innerText()).trim();
  await shown.getByRole('button', { name: 'Copy: The key' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(key);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'sheaf-key-'));
  try {
    const [env] = await Promise.all([page.waitForEvent('download'), shown.getByRole('button', { name: /sheaf.env/ }).click()]);
    await env.saveAs(path.join(directory, 'sheaf.env'));
    const curl = await shown.getByRole('region', { name: /curl/ }).innerText();
    expect(JSON.parse(execFileSync('bash', ['-c', curl.replace('curl ', 'curl --silent ')], { cwd: directory, encoding: 'utf8' }))).toHaveProperty('studies');
    await shown.getByText('Python', { exact: true }).click();
    const python = await shown.getByRole('region', { name: /Python/ }).innerText();
    const said = execFileSync('/usr/bin/python3', ['-c', python], { cwd: directory, env: { ...process.env, SHEAF_KEY: key }, encoding: 'utf8' });
    expect(said).toContain('Watching together');
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
  await shown.getByRole('button', { name: 'I have it' }).click();
  await page.getByRole('button', { name: 'Revoke for a script' }).click();
  await page.getByRole('button', { name: 'Revoke the key' }).click();
  await expect(page.getByText('The key is revoked')).toBeVisible();
  expect((await fetch(`${program.url}/api/v1/studies`, { headers: { Authorization: `Bearer ${key}` } })).status).toBe(401);
});

test('only an administrator is offered to verify the audit', async ({ page, program }) => {
  addUser(program.data, 'owner@example.org', 'a long enough password');
  await signIn(page, 'owner@example.org', 'a long enough password');
  await page.getByRole('button', { name: 'New study' }).first().click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Mine alone');
  await page.getByRole('button', { name: 'Make the study' }).click();
  await expect(page).toHaveURL(/\/studies\/mine-alone$/);
  await page.goto('/studies/mine-alone/audit');
  await expect(page.getByRole('grid', { name: 'Audit' })).toContainText('study.');
  await expect(page.getByRole('button', { name: 'Export', exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Verify' })).toHaveCount(0);
  await page.goto('/server/audit');
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Verify' })).toHaveCount(0);
});

test('a colleague is let in without identifiers, sees codes, and is put out again', async ({ signedIn: page, program, browser }) => {
  addUser(program.data, 'colleague@example.org', 'a long enough password');
  await page.goto('/studies/demo-experiment/people');
  await page.getByRole('button', { name: 'Let somebody in' }).first().click();
  await page.getByRole('textbox', { name: 'E-mail address of their account' }).fill('colleague@example.org');
  await page.getByText('They see identifiers').click();
  await page.getByLabel('Until').fill('2099-06-30');
  await page.getByRole('button', { name: 'Let in', exact: true }).click();
  await expect(page.getByRole('grid', { name: 'People' })).toContainText('hidden');
  await expect(page.getByRole('grid', { name: 'People' })).toContainText('2099-06-30');
  const { grants } = await program.json<{ grants: { expires_at: string }[] }>('/studies/demo-experiment/grants');
  expect(grants[0]!.expires_at).toContain('2099-06-30');
  const context = await browser.newContext({ baseURL: program.url });
  const theirs = await context.newPage();
  await signIn(theirs, 'colleague@example.org', 'a long enough password');
  await theirs.getByRole('link', { name: 'Watching together' }).click();
  await theirs.getByRole('navigation', { name: 'Views of this study' }).getByRole('link', { name: 'Participants' }).click();
  await expect(theirs.getByRole('row').nth(1)).toContainText(/P-[0-9A-Z]{8}/);
  await context.close();
  await page.getByRole('button', { name: /Take the rights of/ }).click();
  await expect(page.getByText('Only the owner may see this study')).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).last().click();
  await expect(page.getByRole('grid', { name: 'People' })).toContainText('colleague');
});

test('a second factor is set up and asked for', async ({ page, program }) => {
  addUser(program.data, 'careful@example.org', 'a long enough password');
  await signIn(page, 'careful@example.org', 'a long enough password');
  await page.goto('/account');
  await page.getByRole('button', { name: 'Set it up' }).click();
  const secret = (await page.getByRole('region', { name: 'The secret' }).innerText()).trim();
  // The drawing says the same as the text beside it, to whoever reads it as a telephone does.
  const drawn = await page.getByRole('img', { name: /QR code/ }).evaluate(async (svg) => {
    const image = new Image();
    image.src = `data:image/svg+xml;base64,${btoa(new XMLSerializer().serializeToString(svg))}`;
    await image.decode();
    const canvas = Object.assign(document.createElement('canvas'), { width: 400, height: 400 });
    const context = canvas.getContext('2d')!;
    context.drawImage(image, 0, 0, 400, 400);
    return [...context.getImageData(0, 0, 400, 400).data];
  });
  const said = new URL(jsQR(Uint8ClampedArray.from(drawn), 400, 400)?.data ?? 'nothing:');
  expect(said.protocol).toBe('otpauth:');
  expect(said.searchParams.get('secret')).toBe(secret.replaceAll(' ', ''));
  await expectAccessible(page);
  await keepScreen(page, 'second-factor');
  await page.getByRole('textbox', { name: 'The code it shows' }).fill(codeOf(secret));
  await page.getByRole('button', { name: 'Turn it on' }).click();
  const recovery = (await page.getByRole('region', { name: 'Recovery codes' }).innerText()).trim().split('\n');
  await page.getByRole('button', { name: 'I have them' }).click();
  await page.getByRole('button', { name: /Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('textbox', { name: 'E-mail address' }).fill('careful@example.org');
  await page.getByRole('textbox', { name: 'Password' }).fill('a long enough password');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('textbox', { name: 'Code of your second factor' }).fill(recovery[0]!);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Studies' })).toBeVisible();
});

test('a study and a dataset are defined, retention is set, the audit tells of it', async ({ signedIn: page, program }) => {
  await page.getByRole('button', { name: 'New study' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('Dreams 2026');
  await page.getByRole('button', { name: 'Make the study' }).click();
  await expect(page).toHaveURL(/\/studies\/dreams-2026$/);
  await page.getByRole('navigation', { name: 'Views of this study' }).getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'New dataset' }).click();
  const dialog = page.getByRole('dialog', { name: 'New dataset' });
  await dialog.getByRole('textbox', { name: 'Id', exact: true }).first().fill('night');
  await dialog.getByRole('textbox', { name: 'Id', exact: true }).last().fill('vividness');
  await dialog.getByRole('textbox', { name: 'Type' }).click();
  await page.getByRole('option', { name: 'enum' }).click();
  await dialog.getByRole('button', { name: 'Option' }).click();
  await dialog.getByRole('textbox', { name: 'Id of option 1' }).fill('faint');
  await dialog.getByRole('textbox', { name: 'Code of option 1' }).fill('1');
  await dialog.getByRole('button', { name: 'Save the definition' }).click();
  await expect(page.getByText('The definition is saved.')).toBeVisible();
  const dataset = await program.json<{ fields: object[] }>('/studies/dreams-2026/datasets/night');
  expect(dataset.fields).toMatchObject([{ id: 'vividness', type: 'enum', options: [{ id: 'faint', code: '1' }] }]);
  await page.goto('/studies/dreams-2026/retention');
  await page.getByRole('textbox', { name: /Delete after/ }).fill('3650');
  await page.getByRole('button', { name: 'Save the rule' }).click();
  await expect(page.getByText('The rule is saved.')).toBeVisible();
  expect((await program.json<{ delete_after_days: number }>('/studies/dreams-2026/retention')).delete_after_days).toBe(3650);
  await page.goto('/studies/dreams-2026/audit');
  await expect(page.getByRole('grid', { name: 'Audit' })).toContainText('retention');
  await expectAccessible(page);
});

test('the audit is narrowed, exported as it is shown, and verified; what was changed behind it is named', async ({ page, program }) => {
  await signIn(page);
  await page.goto('/server/audit');
  await page.getByRole('textbox', { name: 'Only actions about' }).click();
  await page.getByRole('option', { name: 'signing in' }).click();
  await expect(page).toHaveURL(/action=session/);
  const grid = page.getByRole('grid', { name: 'Audit' });
  await expect(grid).toContainText('session.');
  await page.getByRole('button', { name: 'Export', exact: true }).click();
  const [list] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'As NDJSON, with the hashes' }).click()]);
  const entries = fs.readFileSync(await list.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { action: string; seq: number; hash: string });
  expect(entries.length).toBeGreaterThan(0);
  expect(entries.every((entry) => entry.action.startsWith('session.') && entry.hash)).toBe(true);
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByText('The audit is whole')).toBeVisible();
  await expect(page.getByText(/entries of this server, each following from the one before/)).toBeVisible();
  await expectAccessible(page);
  await keepScreen(page, 'audit-verified');

  const target = entries[0]!.seq;
  const alter = (statement: string) => execFileSync('/usr/bin/python3', ['-c', 'import sqlite3, sys\ndatabase = sqlite3.connect(sys.argv[1], timeout=30)\ndatabase.execute(sys.argv[2])\ndatabase.commit()', `${program.data}/catalog.sqlite`, statement]);
  alter(`UPDATE audit SET rows = rows + 7 WHERE seq = ${target}`);
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByRole('alert')).toContainText(`Entry ${target.toLocaleString('en-US')}`);
  alter(`UPDATE audit SET rows = rows - 7 WHERE seq = ${target}`);
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByText('The audit is whole')).toBeVisible();
});
