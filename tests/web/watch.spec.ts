import { expect, expectAccessible, keepScreen, test } from './harness/page';
import type { Program } from './harness/program';

/** A study whose data has flaws that are known: a gap of an hour, a heart that stops, one participant who sent nothing. */
async function flawed(program: Program, study: string): Promise<void> {
  await program.send('POST', '/studies', { id: study, name: 'A walk' });
  await program.send('PUT', `/studies/${study}/datasets/heart`, {
    kind: 'sensor', name: 'Heart rate', fields: [{ id: 'bpm', type: 'integer', min: 30, max: 220 }], attributes: { quality: { interval_ms: 60_000, max_gap_ms: 600_000 } },
  });
  await program.send('PUT', `/studies/${study}/datasets/notes`, { kind: 'custom', name: 'Notes', fields: [{ id: 'text', type: 'string' }] });
  await program.send('PUT', `/studies/${study}/participants/silent`, { status: 'active' });
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 31, 8, minute)).toISOString();
  const heart = [0, 1, 2, 63, 64].map((minute, index) => ({ participant: 'p07', session: 'walk-1', time: at(minute), values: { bpm: index === 4 ? 2 : 70 + index } }));
  await program.send('POST', `/studies/${study}/datasets/heart/records`, heart);
  await program.send('POST', `/studies/${study}/datasets/notes/records`, [{ participant: 'p08', time: at(5), values: { text: 'a lake' } }]);
}

test('quality: what failed opens the records it failed in, on every level @quick', async ({ signedIn: page, program }) => {
  await flawed(program, 'walk');
  await page.goto('/studies/walk');
  await page.getByRole('navigation', { name: 'Views of this study' }).getByRole('link', { name: 'Quality' }).click();
  await expect(page).toHaveURL(/\/studies\/walk\/quality$/);
  const failed = page.getByRole('table', { name: 'What failed' });
  // The API is asked the same; the page may say no other numbers.
  const told = await program.json<{ counts: { error: number; warning: number }; datasets: { dataset: string; completeness: { received: number; expected: number } | null; findings: { check: string; samples: { seq: number }[] }[] }[] }>('/studies/walk/quality');
  const heart = told.datasets.find((one) => one.dataset === 'heart')!;
  expect(heart.findings.map((one) => one.check).sort()).toEqual(['gap', 'incomplete', 'range']);
  await expect(failed.getByRole('row').nth(1)).toContainText('range');
  await expect(failed.getByRole('row').nth(2)).toContainText('gap');
  await expect(failed.getByRole('row').nth(3)).toContainText('incomplete');
  const sets = page.getByRole('table', { name: 'Quality by dataset' });
  await expect(sets.getByRole('row', { name: /Heart rate/ })).toContainText(`${heart.completeness!.received} of ${heart.completeness!.expected}`);
  await expect(sets.getByRole('row', { name: /Notes 1/ })).toContainText('not applicable');
  await expect(page.getByRole('img', { name: /Records by day/ })).toContainText('2026-01-31: 6 records');
  await page.getByText('Arrived', { exact: true }).click();
  await expect(page.getByRole('img', { name: /Arrivals by day/ })).toContainText(new Date().toISOString().slice(0, 7));
  await expect(page).toHaveURL(/days=received/);
  await expectAccessible(page);
  const people = page.getByRole('grid', { name: 'Compliance' });
  await expect(people.getByRole('row', { name: /silent/ })).toContainText('nothing came');

  const seq = heart.findings.find((one) => one.check === 'range')!.samples[0]!.seq;
  await failed.getByRole('link', { name: `record ${seq}`, exact: true }).click();
  await expect(page).toHaveURL(new RegExp(`/studies/walk/data/heart\\?.*record=${seq}`));
  await expect(page.getByRole('dialog', { name: /Record of Heart rate/ })).toContainText('2');
  await page.goBack();
  await failed.getByRole('row', { name: /range/ }).getByRole('link', { name: 'In the table' }).click();
  await expect(page.getByRole('grid', { name: /Records of Heart rate/ }).getByRole('row')).toHaveCount(2);

  await page.goto('/studies/walk/quality/heart');
  await expect(page.getByRole('navigation', { name: 'Where you are' })).toContainText('Quality/heart');
  await expect(page.getByRole('grid', { name: 'Quality by participant' }).getByRole('row', { name: /p07/ })).toContainText(`${heart.completeness!.received} of`);
  await page.getByText('Sessions', { exact: true }).last().click();
  await expect(page).toHaveURL(/by=session/);
  await expectAccessible(page);
  await page.getByRole('grid', { name: 'Quality by session' }).getByRole('link', { name: 'walk-1' }).click();
  await expect(page).toHaveURL(/\/sessions\/walk-1\/quality$/);
  await expect(failed).toContainText('gap');
  await page.goto('/studies/walk/participants/p08/quality');
  await expect(page.getByText('Nothing failed')).toBeVisible();
  await expectAccessible(page);
  await keepScreen(page, 'quality-participant');
});

test('quality of a study without data says what to do', async ({ signedIn: page, program }) => {
  await program.send('POST', '/studies', { id: 'unused', name: 'Unused' });
  await page.goto('/studies/unused/quality');
  await expect(page.getByText('There is nothing to check yet')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Import a file' })).toBeVisible();
  await expectAccessible(page);
});

test('live: what arrives is told, a pause and a server that goes away lose nothing, leaving hangs up @quick', async ({ signedIn: page, program }) => {
  await program.send('POST', '/studies', { id: 'running', name: 'Running' });
  await program.send('PUT', '/studies/running/datasets/heart', { kind: 'sensor', name: 'Heart rate', fields: [{ id: 'bpm', type: 'integer', min: 30, max: 220 }] });
  const send = (participant: string, bpm: number) => program.send('POST', '/studies/running/datasets/heart/records', [{ participant, time: new Date().toISOString(), values: { bpm } }]);
  const heads: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/live') && request.resourceType() === 'fetch') heads.push(request.headers()['last-event-id']);
  });
  await page.goto('/studies/running');
  await page.getByRole('navigation', { name: 'Views of this study' }).getByRole('link', { name: 'Live' }).click();
  const line = page.getByRole('heading', { level: 1, name: 'Live' }).locator('..').getByRole('status');
  await expect(line).toContainText('connected');
  await expect(page.getByText('Nothing has arrived yet')).toBeVisible();
  const row = page.getByRole('table', { name: 'Datasets of the running study' }).getByRole('row', { name: /Heart rate/ });
  await send('p01', 71);
  await expect(row).toContainText('+1');
  await expect(page.getByRole('list', { name: 'Participants present' })).toContainText('p01');
  await expect(page.getByRole('list', { name: 'Last records' })).toContainText('bpm 71');
  await send('p02', 2);
  await expect(page.getByRole('list', { name: 'New quality alerts' })).toContainText('+1 range in Heart rate');
  await expectAccessible(page);
  await keepScreen(page, 'live-alert');

  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(line).toContainText('paused');
  await send('p03', 73);
  await expect(row).toContainText('+2');
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(row).toContainText('+3');
  await expect(page.getByRole('list', { name: 'Last records' })).toContainText('bpm 73');
  expect(heads[0]).toBeUndefined();
  expect(heads.at(-1)).toMatch(/^\d+/);

  await program.stop();
  await expect(line).toContainText('not connected');
  await program.start();
  await send('p04', 74);
  await expect(line).toContainText(/(?<!not )connected/);
  await expect(row).toContainText('+4');
  await expect(page.getByRole('list', { name: 'Last records' }).getByRole('listitem')).toHaveCount(4);

  const hungUp = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/live'));
  await page.getByRole('navigation', { name: 'Views of this study' }).getByRole('link', { name: 'Overview' }).click();
  await hungUp;
});

test('live: a study that is deleted while one looks says so and is left alone', async ({ signedIn: page, program }) => {
  await program.send('POST', '/studies', { id: 'short', name: 'Short' });
  await page.goto('/studies/short/live');
  const line = page.getByRole('heading', { level: 1, name: 'Live' }).locator('..').getByRole('status');
  await expect(line).toContainText('connected');
  await program.api('/studies/short', { method: 'DELETE' });
  await expect(line).toContainText('ended');
  await expect(page.getByRole('button', { name: 'Try now' })).toBeVisible();
});

test('an export is scheduled from the list, as it was asked for', async ({ signedIn: page, program }) => {
  const asked = { format: 'json', datasets: ['wellbeing'], identifiers: 'remove', filter: { field: 'participant.status', op: '=', value: 'completed' } };
  const job = (await (await program.send('POST', '/studies/demo-survey/exports', asked)).json()) as { id: string };
  await expect.poll(async () => (await program.json<{ state: string }>(`/exports/${job.id}`)).state).toBe('succeeded');
  await page.goto('/studies/demo-survey/exports');
  await page.getByRole('row', { name: /wellbeing as json, without identifiers/ }).getByRole('button', { name: 'Schedule this export' }).click();
  await expect(page).toHaveURL(new RegExp(`/schedules\\?of=${job.id}`));
  const dialog = page.getByRole('dialog', { name: 'New schedule' });
  await expect(dialog.getByRole('textbox', { name: 'Name' })).toHaveValue('wellbeing as json, without identifiers');
  await expectAccessible(page);
  await keepScreen(page, 'schedule-of-export');
  await dialog.getByRole('button', { name: 'Make the schedule' }).click();
  await expect(page.getByRole('grid', { name: 'Schedules' })).toContainText('wellbeing as json');
  await expect(page).toHaveURL(/\/schedules$/);
  const { schedules } = await program.json<{ schedules: { request: object }[] }>('/studies/demo-survey/schedules');
  expect(schedules[0]!.request).toMatchObject(asked);
});

test('lists of participants and sessions say how much there is of each', async ({ signedIn: page, program }) => {
  await page.goto('/studies/demo-experiment/participants?columns=id,records,available,records.chat');
  const { participants } = await program.json<{ participants: { participant: string; records: number }[] }>('/studies/demo-experiment/datasets/chat/quality/participants');
  const one = participants[0]!;
  const overview = await program.json<{ records: number }>(`/studies/demo-experiment/participants/${one.participant}/overview`);
  const row = page.getByRole('grid', { name: 'Participants' }).getByRole('row', { name: new RegExp(one.participant) });
  await expect(row.getByRole('gridcell').nth(1)).toHaveText(overview.records.toLocaleString('en-US'));
  await expect(row.getByRole('gridcell').nth(2)).toContainText('events');
  await expect(row.getByRole('gridcell').nth(3)).toHaveText(String(one.records));
  await page.goto('/studies/demo-experiment/sessions?columns=id,records&sort=-records');
  const session = await program.json<{ records: number }>('/studies/demo-experiment/sessions/room-001/overview');
  await expect(page.getByRole('grid', { name: 'Sessions' })).toContainText(session.records.toLocaleString('en-US'));
});

test('a list is narrowed by its columns, and its address and its download say the same', async ({ signedIn: page, program }) => {
  const { sessions } = await program.json<{ sessions: { id: string; status: string; attendance: object[] }[] }>('/studies/demo-experiment/sessions');
  const wanted = sessions.filter((one) => one.status === 'completed' && one.attendance.length >= 3);
  expect(wanted.length).toBeGreaterThan(0);
  expect(wanted.length).toBeLessThan(sessions.length);
  await page.goto('/studies/demo-experiment/sessions');
  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  const filter = page.getByRole('group', { name: 'Filter by column' });
  await filter.getByRole('textbox', { name: 'Status' }).fill('compl');
  await filter.getByRole('textbox', { name: 'Participants' }).fill('>=3');
  const grid = page.getByRole('grid', { name: 'Sessions' });
  await expect(page.getByText(`${wanted.length} of ${sessions.length}`, { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Filter · 2' })).toBeVisible();
  for (const { id } of wanted) await expect(grid).toContainText(id);
  await expectAccessible(page);
  await keepScreen(page, 'list-filter');
  await page.reload();
  await expect(filter.getByRole('textbox', { name: 'Participants' })).toHaveValue('>=3');
  await expect(page.getByText(`${wanted.length} of ${sessions.length}`, { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Download these' }).click();
  await expect(page.getByRole('dialog', { name: `Download: ${wanted.length} sessions of demo-experiment` })).toContainText(wanted.map((one) => one.id).join(', '));
  await page.keyboard.press('Escape');
  await filter.getByRole('button', { name: 'Clear' }).click();
  await expect(grid).toHaveAttribute('aria-rowcount', String(sessions.length + 1));
});
