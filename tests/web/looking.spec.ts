import { execFileSync } from 'node:child_process';

import { expect, expectAccessible, keepScreen, test } from './harness/page';
import type { Program } from './harness/program';

interface Field {
  id: string;
  name: string;
  label?: string;
  type: string;
  options?: { id: string; code?: string; label?: string }[];
}
interface Record_ {
  seq: number;
  participant: string;
  session?: string;
  time: string;
  values: Record<string, unknown>;
  skipped?: string[];
}

test('studies, sessions, participants, data: each level says where one is and what there is of it', async ({ signedIn: page, program }) => {
  const whole = await program.json<{ participants: number; records: number }>('/studies/demo-experiment/overview');
  const listed = page.getByRole('grid', { name: 'Studies' }).getByRole('row', { name: /Watching together/ });
  await expect(listed).toContainText(whole.records.toLocaleString('en-US'));
  await expect(listed.getByRole('gridcell').nth(3)).toHaveText(String(whole.participants));
  await listed.getByRole('link').click();
  await page.getByRole('navigation', { name: 'Views of this study' }).getByRole('link', { name: 'Sessions' }).click();
  await page.getByRole('grid', { name: 'Sessions' }).getByRole('link').first().click();
  await expect(page).toHaveURL(/\/sessions\/room-001$/);

  // Who took part, as what, how it ended, and what there is of them in this session alone.
  const session = await program.json<{ attendance: { participant: string; role: string }[] }>('/studies/demo-experiment/sessions/room-001');
  const one = session.attendance[0]!;
  const { status } = await program.json<{ status: string }>(`/studies/demo-experiment/participants/${one.participant}`);
  const had = await program.json<{ records: number; datasets: { dataset: string; records: number }[] }>(`/studies/demo-experiment/quality?session=room-001&participant=${one.participant}`);
  const row = page.getByRole('grid', { name: 'Participants of the session' }).getByRole('row', { name: new RegExp(one.participant) });
  await expect(row).toContainText(had.datasets.reduce((sum, set) => sum + set.records, 0).toLocaleString('en-US'));
  for (const words of [one.role, status, 'events, ']) await expect(row).toContainText(words);
  await expectAccessible(page);
  await row.getByRole('link').click();
  await expect(page.locator('.strip')).toContainText(one.role);

  const card = had.datasets.find((set) => set.dataset === 'chat')!;
  await page.locator('.cards').getByRole('link', { name: /chat/ }).first().click();
  await expect(page.getByRole('navigation', { name: 'Datasets' }).getByRole('link', { name: /^chat/ })).toContainText(String(card.records));
  await expect(page.getByRole('navigation', { name: 'Where you are' })).toHaveText(new RegExp(`Studies/Watching together/Sessions/room-001/Participants/${one.participant}/Data/chat`));
  await page.getByRole('navigation', { name: 'Where you are' }).getByRole('link', { name: 'room-001' }).click();
  await expect(page).toHaveURL(/\/sessions\/room-001$/);
});

test('answers are labels or codes, and skipped is told apart from not asked', async ({ signedIn: page, program }) => {
  const { fields } = await program.json<{ fields: Field[] }>('/studies/demo-survey/datasets/wellbeing');
  const { records } = await program.json<{ records: Record_[] }>('/studies/demo-survey/datasets/wellbeing/records?limit=300');
  const asked = fields.filter((field) => field.type !== 'json');
  const skipped = records.flatMap((record) => asked.filter((field) => record.values[field.id] === null || record.skipped?.includes(field.id)).map((field) => ({ record, field })))[0]!;
  const absent = records.flatMap((record) => asked.filter((field) => !(field.id in record.values) && !record.skipped?.includes(field.id)).map((field) => ({ record, field })))[0]!;
  const answered = records.flatMap((record) => asked.filter((field) => field.options?.some((option) => option.id === record.values[field.id] && option.code)).map((field) => ({ record, field })))[0]!;
  const cell = async ({ record, field }: { record: Record_; field: Field }, show = '') => {
    const filter = JSON.stringify({ field: 'record.seq', op: '=', value: record.seq });
    await page.goto(`/studies/demo-survey/data/wellbeing?columns=${field.id}&filter=${encodeURIComponent(filter)}${show}`);
    return page.getByRole('grid', { name: /Records of/ }).locator('[data-index="0"]').getByRole('gridcell').first();
  };
  await expect(await cell(skipped)).toHaveText('skipped');
  await expect(await cell(absent)).toHaveText('not asked');
  const option = answered.field.options!.find((one) => one.id === answered.record.values[answered.field.id])!;
  await expect(await cell(answered)).toHaveText(option.label!);
  await page.getByRole('textbox', { name: 'Show options as' }).click();
  await page.getByRole('option', { name: 'Codes' }).click();
  await expect(page).toHaveURL(/show=codes/);
  await expect(page.getByRole('grid', { name: /Records of/ }).locator('[data-index="0"]').getByRole('gridcell').first()).toHaveText(option.code!);
  await expect(await cell(answered, '&show=ids')).toHaveText(option.id);

  // Question by question: what the server counted, and a question that is looked for stands in the address.
  const { fields: figures } = await program.json<{ fields: { n: number; skipped: number; absent: number }[] }>(`/studies/demo-survey/datasets/wellbeing/distribution?fields=${skipped.field.id}`);
  await page.goto('/studies/demo-survey/data/wellbeing?view=answers');
  await page.getByRole('textbox', { name: 'Find a question' }).fill(skipped.field.id);
  await expect(page).toHaveURL(new RegExp(`find=${skipped.field.id}`));
  await expect(page.locator('.spread').first()).toContainText(`${figures[0]!.n} answered · ${figures[0]!.skipped} skipped · ${figures[0]!.absent} not asked`);
  await page.reload();
  await expect(page.getByRole('textbox', { name: 'Find a question' })).toHaveValue(skipped.field.id);
});

test('a record opens whole, as JSON, and with what else happened then, at an address of its own', async ({ signedIn: page, program }) => {
  const { records } = await program.json<{ records: Record_[] }>('/studies/demo-experiment/datasets/events/records?limit=40&session=room-001');
  const record = records[30]!;
  await page.goto(`/studies/demo-experiment/data/events?record=${record.seq}`);
  const drawer = page.getByRole('dialog', { name: 'Record of events' });
  await expect(drawer).toContainText(record.participant);
  await drawer.getByRole('tab', { name: 'JSON' }).click();
  await expect(page).toHaveURL(/pane=json/);
  expect(JSON.parse(await drawer.getByRole('region', { name: 'The record as JSON' }).innerText())).toEqual(record);
  await drawer.getByRole('tab', { name: 'Around that moment' }).click();
  await drawer.getByText('± 5 s').click();
  await expect(page).toHaveURL(/pane=around/);
  await expect(page).toHaveURL(/near=5000/);

  // As many as the API finds, of every dataset, and the record among them.
  const at = Date.parse(record.time);
  const query = new URLSearchParams({ session: 'room-001', since: new Date(at - 5000).toISOString(), until: new Date(at + 5001).toISOString() });
  const { datasets } = await program.json<{ datasets: { id: string }[] }>('/studies/demo-experiment/datasets');
  const counts = await Promise.all(datasets.map(async ({ id }) => (await program.json<{ count: number }>(`/studies/demo-experiment/datasets/${id}/count?${query}`)).count));
  const shown = counts.reduce((sum, count) => sum + Math.min(40, count), 0);
  expect(counts.filter((count) => count > 0).length).toBeGreaterThan(1);
  await expect(drawer.locator('.moments li')).toHaveCount(shown);
  await expect(drawer.locator('.moments li[data-self]')).toHaveCount(1);
  await page.reload();
  await expect(drawer.locator('.moments li')).toHaveCount(shown);
  await expectAccessible(page);
  await keepScreen(page, 'around');
});

test('a plot that is zoomed stays so when a record is opened and when its address is sent', async ({ signedIn: page }) => {
  await page.goto('/studies/demo-sensors/participants/S001/data/heart_rate?view=plot');
  await expect(page.locator('.uplot canvas')).toBeVisible();
  const words = page.locator('.panel .table-tools [role=status]');
  const all = await words.innerText();
  const box = (await page.locator('.u-over').boundingBox())!;
  await page.mouse.move(box.x + box.width * 0.4, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/zoom=/);
  await expect(words).not.toHaveText(all);
  const part = await words.innerText();
  const zoom = new URL(page.url()).searchParams.get('zoom');
  await page.mouse.click(box.x + box.width / 2, box.y + 60);
  await expect(page.getByRole('dialog', { name: /Record of/ })).toBeVisible();
  expect(new URL(page.url()).searchParams.get('zoom')).toBe(zoom);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.reload();
  await expect(words).toHaveText(part);
  // Without a mouse.
  await page.getByRole('button', { name: 'Closer' }).click();
  await expect(words).not.toHaveText(part);
  await page.getByRole('button', { name: 'Later' }).click();
  await expect.poll(() => new URL(page.url()).searchParams.get('zoom')).not.toBe(zoom);
  await page.getByRole('button', { name: 'See all again' }).click();
  await expect(words).toHaveText(all);
  await expect(page).not.toHaveURL(/zoom=/);
  // As far as there are times, and back.
  await page.goto('/studies/demo-sensors/participants/S001/data/heart_rate?view=plot&zoom=0002-01-01T00:00:00.000Z..9998-01-01T00:00:00.000Z');
  await expect(page.locator('.uplot canvas')).toBeVisible();
  for (let n = 0; n < 3; ++n) await page.getByRole('button', { name: 'Further' }).click();
  await expect(page).toHaveURL(/0001-01-01.*9999-12-31/);
  await page.getByRole('button', { name: 'See all again' }).click();
  await expect(words).toHaveText(all);
});

/** What a script of the page answers, run as somebody would who copied it. */
async function rowsOf(program: Program, language: 'curl' | 'Python', code: string): Promise<number> {
  const env = { ...process.env, SHEAF_KEY: program.key };
  if (language === 'curl') return Number(execFileSync('bash', ['-c', `${code.replace(/ --output \S+$/, ' --silent')} | /usr/bin/python3 -c 'import csv, sys; print(len(list(csv.reader(sys.stdin))) - 1)'`], { env, encoding: 'utf8' }));
  const frame = /^(\w+) = pd\.read_csv/m.exec(code)![1];
  return Number(execFileSync('/usr/bin/python3', ['-c', `${code}\nprint(len(${frame}))`], { env, encoding: 'utf8' }));
}

test('rules within rules are built, counted, kept in the address, and copied as code that does the same', async ({ signedIn: page, program }) => {
  await page.goto('/studies/demo-survey/data/wellbeing');
  await page.getByRole('button', { name: 'Filter' }).click();
  const filter = page.getByRole('group', { name: 'Filter', exact: true });
  const pick = async (box: ReturnType<typeof page.getByRole>, name: string | RegExp) => {
    await box.click();
    await page.getByRole('option', { name }).first().click();
  };
  await pick(filter.getByRole('textbox', { name: 'Field' }).first(), /\(age\)/);
  await pick(filter.getByRole('textbox', { name: 'Comparison' }).first(), 'is at least');
  await filter.getByRole('textbox', { name: 'Value' }).first().fill('30');
  await filter.getByRole('button', { name: 'Group' }).last().click();
  const inner = page.getByRole('group', { name: 'Group of rules' });
  await pick(inner.getByRole('textbox', { name: 'How the rules are joined' }), 'None of these');
  // Options are those of the definition, by their labels.
  await pick(inner.getByRole('textbox', { name: 'Field' }), /\(gender\)/);
  await pick(inner.getByRole('textbox', { name: 'Value' }), 'Woman');
  const asked = { all: [{ field: 'age', op: '>=', value: 30 }, { not: { any: [{ field: 'gender', op: '=', value: 'woman' }] } }] };
  const { count } = await program.json<{ count: number }>(`/studies/demo-survey/datasets/wellbeing/count?${new URLSearchParams({ filter: JSON.stringify(asked) })}`);
  expect(count).toBeGreaterThan(0);
  await expect(page.getByText(`${count} rows match`)).toBeVisible();
  await expect(page.getByRole('grid', { name: /Records of/ })).toHaveAttribute('aria-rowcount', String(count + 1));
  await page.getByRole('button', { name: 'As code' }).click();
  const language = page.getByRole('radiogroup', { name: 'Language' });
  await language.getByText('JSON').click();
  expect(JSON.parse(await page.getByRole('region', { name: 'This selection as JSON' }).innerText())).toEqual(asked);
  for (const name of ['curl', 'Python'] as const) {
    await language.getByText(name).click();
    expect(await rowsOf(program, name, await page.getByRole('region', { name: `This selection as ${name}` }).innerText()), name).toBe(count);
  }
  await language.getByText('R', { exact: true }).click();
  await expect(page.getByRole('region', { name: 'This selection as R' })).toContainText('req_url_query');
  await expectAccessible(page);
  await keepScreen(page, 'filter-nested');

  await page.reload();
  await expect(page.getByText(`${count} rows match`)).toBeVisible();
  await expect(inner.getByRole('textbox', { name: 'Value' })).toHaveValue('Woman');
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  const all = await program.json<{ count: number }>('/studies/demo-survey/datasets/wellbeing/count');
  await expect(page.getByText(`${all.count} rows match`)).toBeVisible();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText(`${count} rows match`)).toBeVisible();
});

test('a video and a sound are played where they stand', async ({ signedIn: page, program }) => {
  await program.send('POST', '/studies', { id: 'filmed', name: 'Filmed' });
  await program.send('PUT', '/studies/filmed/datasets/films', { name: 'Films', kind: 'recordings', mode: 'append', fields: [{ id: 'title', type: 'string' }] });
  // A second of a moving picture, as a browser makes it.
  const film = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 90 });
    const context = canvas.getContext('2d')!;
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' });
    const pieces: Blob[] = [];
    recorder.ondataavailable = (event) => pieces.push(event.data);
    const done = new Promise((resolve) => { recorder.onstop = resolve; });
    recorder.start();
    for (let n = 0; n < 30; ++n) {
      context.fillStyle = `hsl(${n * 12}, 80%, 50%)`;
      context.fillRect(0, 0, 160, 90);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    recorder.stop();
    await done;
    return [...new Uint8Array(await new Blob(pieces).arrayBuffer())];
  });
  const send = async (name: string, type: string, bytes: Uint8Array<ArrayBuffer>) => {
    const { id } = (await (await program.send('POST', '/studies/filmed/files', { kind: 'recording', name, media_type: type, participant: 'p1', dataset: 'films' })).json()) as { id: string };
    await program.api(`/studies/filmed/files/${id}/content`, { method: 'PUT', body: bytes, headers: { 'Content-Type': 'application/octet-stream' } });
  };
  const rate = 8000;
  const sound = Buffer.alloc(44 + rate, 128);
  sound.write('RIFF', 0);
  sound.writeUInt32LE(36 + rate, 4);
  sound.write('WAVEfmt ', 8);
  sound.writeUInt32LE(16, 16);
  for (const at of [20, 22, 32]) sound.writeUInt16LE(1, at);
  for (const at of [24, 28]) sound.writeUInt32LE(rate, at);
  sound.writeUInt16LE(8, 34);
  sound.write('data', 36);
  sound.writeUInt32LE(rate, 40);
  await send('film.webm', 'video/webm', Uint8Array.from(film));
  await send('sound.wav', 'audio/wav', Uint8Array.from(sound));

  await page.goto('/studies/filmed/participants/p1/data/films?view=play');
  for (const tag of ['video', 'audio'] as const) {
    const player = page.locator(tag);
    await expect(player).toBeVisible();
    await player.evaluate((media) => {
      (media as HTMLMediaElement).muted = true;
      return (media as HTMLMediaElement).play();
    });
    await expect.poll(() => player.evaluate((media) => (media as HTMLMediaElement).currentTime)).toBeGreaterThan(0.2);
  }
  expect(await page.locator('video').evaluate((video) => (video as HTMLVideoElement).videoWidth)).toBe(160);
  await expectAccessible(page);
  await keepScreen(page, 'recordings');
});

test('times are typed in the zone in which they are shown', async ({ signedIn: page, program }) => {
  await page.evaluate(() => localStorage.setItem('sheaf-zone', 'America/New_York'));
  await page.goto('/studies/demo-survey/data/wellbeing');
  await page.getByRole('button', { name: 'Any time' }).click();
  await page.getByRole('textbox', { name: 'From' }).fill('2026-01-15 12:00');
  await page.getByRole('textbox', { name: 'Before' }).fill('2026-01-17');
  await expect(page.getByText('In America/New_York')).toBeVisible();
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(page).toHaveURL(/since=2026-01-15T17%3A00%3A00.000Z/);
  const { count } = await program.json<{ count: number }>('/studies/demo-survey/datasets/wellbeing/count?since=2026-01-15T17:00:00Z&until=2026-01-17T05:00:00Z');
  await expect(page.getByRole('grid', { name: /Records of/ })).toHaveAttribute('aria-rowcount', String(count + 1));
  // As it was typed, and across the day on which clocks are put forward.
  await page.getByRole('button', { name: /2026-01-15 12:00/ }).click();
  await expect(page.getByRole('textbox', { name: 'From' })).toHaveValue('2026-01-15 12:00');
  await page.getByRole('textbox', { name: 'From' }).fill('2026-03-08 03:30');
  await page.getByRole('textbox', { name: 'Before' }).fill('');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(page).toHaveURL(/since=2026-03-08T07%3A30%3A00.000Z/);
});

test('a donation is a tree of what its file holds, and a recording of the demo can be heard', async ({ signedIn: page, program }) => {
  const { records } = await program.json<{ records: Record_[] }>('/studies/demo-donations/datasets/blueprint-2/records?limit=100');
  const given = records.find((record) => typeof record.values['payload'] === 'string')!;
  const content = (await (await program.api(`/studies/demo-donations/files/${String(given.values['payload'])}/content`)).json()) as { title: string }[];
  expect(content).toHaveLength(given.values['entries'] as number);
  await page.goto('/studies/demo-donations/data/blueprint-2?view=tree');
  const donation = page.locator('.donation', { hasText: given.participant });
  await donation.locator('> summary').click();
  await expect(donation).toContainText(`${content.length} entries`);
  await donation.getByText('4 members').first().click();
  await expect(donation).toContainText(content[0]!.title);
  await expectAccessible(page);

  const heard = await program.json<{ files: { id: string; duration_ms: number }[] }>('/studies/demo-experiment/files?kind=recording&limit=1');
  await page.goto('/studies/demo-experiment/data/recordings?view=play');
  const audio = page.locator('audio').first();
  await audio.evaluate((one: HTMLAudioElement) => void one.load());
  await expect.poll(() => audio.evaluate((one: HTMLAudioElement) => Math.round(one.duration * 1000))).toBe(heard.files[0]!.duration_ms);
});
