import { expect, expectAccessible, keepScreen, test, type Page } from './harness/page';
import type { Program } from './harness/program';

const MILLION = 1_000_000;
/** The one reading that is not like the others. */
const PEAK = 654_321;

/** A million readings, in two runs with something else between, so that their numbers in the study have a gap. */
async function fill(program: Program): Promise<void> {
  await program.send('POST', '/studies', { id: 'many', name: 'Many' });
  const fields = [{ id: 'n', type: 'integer' }, { id: 'value', type: 'double' }, { id: 'even', type: 'boolean' }];
  for (const id of ['readings', 'others']) await program.send('PUT', `/studies/many/datasets/${id}`, { name: id, kind: 'sensor', mode: 'append', fields });
  const batch = 100_000;
  const send = (dataset: string, from: number, rows: number) => {
    const lines = ['participant,time,n,value,even'];
    for (let n = from; n < from + rows; ++n) lines.push(`p${n % 10},${new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString()},${n},${n === PEAK ? 9999 : (n % 1000) / 10},${n % 2 === 0}`);
    return program.api(`/studies/many/datasets/${dataset}/records`, { method: 'POST', body: lines.join('\n') + '\n', headers: { 'Content-Type': 'text/csv' } });
  };
  for (let from = 0; from < MILLION; from += batch) {
    await send('readings', from, batch);
    if (from === 3 * batch) await send('others', 0, batch);
  }
}

/** The numbers in the column "n" of the rows that are in sight, by the number of the row. */
async function inSight(page: Page): Promise<[number, number][]> {
  return page.locator('.table-scroll').evaluate((scroller) => {
    const box = scroller.getBoundingClientRect();
    const head = scroller.querySelector('.table-head')!.getBoundingClientRect();
    const at = [...scroller.querySelectorAll('[role=columnheader]')].findIndex((header) => header.textContent === 'n');
    return [...scroller.querySelectorAll<HTMLElement>('[data-index]')]
      .filter((row) => row.getBoundingClientRect().top >= head.bottom - 1 && row.getBoundingClientRect().bottom <= box.bottom + 1)
      .map((row) => [Number(row.dataset['index']), Number(row.querySelectorAll('[role=gridcell]')[at]?.textContent?.replaceAll(',', '') || NaN)] as [number, number])
      .sort((a, b) => a[0] - b[0]);
  });
}

/** The rows in sight are those that belong there: none is missing, none stands at another's place. */
async function expectRows(page: Page, first: (index: number) => boolean, value: (index: number) => number): Promise<void> {
  await expect
    .poll(async () => {
      const rows = await inSight(page);
      return rows.length > 5 && first(rows[0]![0]) && rows.every(([index, n], place) => n === value(index) && index === rows[0]![0] + place);
    })
    .toBe(true);
}

test('a table of a million records is scrolled to its end, dragged, and gone through by number and by key', async ({ signedIn: page, program }) => {
  await fill(program);
  const wide = await page.goto('/studies/many/data/readings?view=table');
  expect(wide?.ok()).toBe(true);
  const grid = page.getByRole('grid', { name: 'Records of readings' });
  await expect(grid).toHaveAttribute('aria-rowcount', '1000001');
  const same = (index: number) => index;
  await expectRows(page, (index) => index === 0, same);

  // The bar dragged to its end, to its middle, and to places on both sides of the gap.
  const drag = (share: number) => page.locator('.table-scroll').evaluate((scroller, part) => { scroller.scrollTop = part * (scroller.scrollHeight - scroller.clientHeight); }, share);
  await drag(1);
  await expectRows(page, (index) => index > MILLION - 60, same);
  expect((await inSight(page)).at(-1)).toEqual([MILLION - 1, MILLION - 1]);
  await keepScreen(page, 'million-end');
  for (const share of [0.5, 0.41, 0.39, 0.123, 0.87]) {
    await drag(share);
    await expectRows(page, (index) => Math.abs(index - share * MILLION) < 0.005 * MILLION, same);
  }

  // From there row by row, both ways, with the wheel and over the places where pages meet.
  await grid.hover();
  for (const step of [400, 400, -900, -3000, 1200]) {
    const [before] = (await inSight(page))[0]!;
    await page.mouse.wheel(0, step);
    await expectRows(page, (index) => Math.abs(index - (before + step / 33)) < 2, same);
  }

  await page.getByRole('textbox', { name: 'Go to row' }).fill('654,321');
  await page.keyboard.press('Enter');
  await expectRows(page, (index) => index <= 654_320 && index > 654_280, same);
  await expect(page.locator('[data-index="654320"]')).toBeFocused();
  await page.keyboard.press('PageDown');
  await page.keyboard.press('ArrowDown');
  await expectRows(page, (index) => index > 654_300, same);
  await page.keyboard.press('End');
  await expectRows(page, (index) => index > MILLION - 60, same);
  await expect(page.locator(`[data-index="${MILLION - 1}"]`)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'Record of readings' })).toContainText('999999');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Home');
  await expectRows(page, (index) => index === 0, same);
  await expectAccessible(page);

  // With a filter the numbers are those of what is left.
  await page.goto(`/studies/many/data/readings?view=table&filter=${encodeURIComponent(JSON.stringify({ field: 'even', op: '=', value: true }))}`);
  await expect(grid).toHaveAttribute('aria-rowcount', '500001');
  await drag(0.77);
  await expectRows(page, (index) => Math.abs(index - 385_000) < 3000, (index) => 2 * index);

  // In another order rows come as one scrolls; its other end is the same order turned round.
  await page.goto('/studies/many/data/readings?view=table&sort=-n');
  await expectRows(page, (index) => index === 0, (index) => MILLION - 1 - index);
  await drag(1);
  await expectRows(page, (index) => index > 200, (index) => MILLION - 1 - index);
  await expect(page.getByText('press the header again for the other end')).toBeVisible();

  // As a plot: few points are sent, and the one that matters is among them, from afar and from near.
  const peak = [Date.UTC(2026, 0, 1) + PEAK * 1000, 9999];
  const drawn = async (go: () => Promise<unknown>) => {
    const [answer] = await Promise.all([page.waitForResponse(/\/series\?/), go()]);
    const { series } = (await answer.json()) as { series: { points: number[][] }[] };
    const points = series.flatMap((one) => one.points);
    expect(points.length).toBeLessThan(50_000);
    expect(points.filter(([, y]) => y === 9999)).toEqual([peak]);
  };
  await drawn(() => page.goto('/studies/many/data/readings?view=plot&y=value'));
  await expect(page.getByText(/1,000,000 records, the first, last, least and greatest of every/)).toBeVisible();
  await keepScreen(page, 'million-plot');
  const near = [peak[0]! - 20_000, peak[0]! + 20_000].map((at) => new Date(at).toISOString()).join('..');
  await drawn(() => page.goto(`/studies/many/data/readings?view=plot&y=value&zoom=${near}`));
  await expect(page.getByText(/records, each drawn/)).toBeVisible();
  await page.getByRole('button', { name: 'Further' }).click();
  await expect(page).not.toHaveURL(new RegExp(encodeURIComponent(near)));
});

test.describe('views of more records than they show at once', () => {
  const participants = ['ann', 'ben'];
  const fill = async (program: Program, dataset: string, body: object, header: string, rows: number, row: (n: number) => string) => {
    await program.send('PUT', `/studies/long/datasets/${dataset}`, { name: dataset, mode: 'append', ...body });
    const lines = Array.from({ length: rows }, (_, n) => `${participants[n % 2]},${new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString()},${row(n)}`);
    await program.api(`/studies/long/datasets/${dataset}/records`, { method: 'POST', body: `participant,time,${header}\n${lines.join('\n')}\n`, headers: { 'Content-Type': 'text/csv' } });
  };
  const all = 120_000;

  test('say how many those are, and go on to the last', async ({ signedIn: page, program }) => {
    await program.send('POST', '/studies', { id: 'long', name: 'Long' });
    await fill(program, 'chat', { kind: 'chat', fields: [{ id: 'content', type: 'string' }] }, 'content', 2300, (n) => `message ${n}`);
    await page.goto('/studies/long/data/chat?view=chat');
    await expect(page.getByText('1,000 of 2,300 messages')).toBeVisible();
    await expect(page.getByText('message 1000')).toHaveCount(0);
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect(page.getByText('All 2,300 messages')).toBeVisible();
    await expect(page.getByText('message 2299')).toBeVisible();
    await expectAccessible(page);
    await keepScreen(page, 'long-chat');

    await fill(program, 'ratings', { kind: 'sparse_ratings', fields: [{ id: 'componentId', type: 'string' }, { id: 'value', type: 'integer' }] }, 'componentId,value', all, (n) => `${n % 3 === 0 ? 'joy' : 'fear'},${(n % 7) + 1}`);
    await page.goto('/studies/long/data/ratings?view=spread');
    await expect(page.getByText(`100,000 of 120,000 records`)).toBeVisible();
    await page.getByRole('button', { name: 'Read the other 20,000' }).click();
    await expect(page.getByText('All 120,000 records')).toBeVisible();
    await expect(page.locator('.spread').filter({ hasText: 'joy' })).toContainText('n 40,000');
    await expect(page.locator('.spread').filter({ hasText: 'fear' })).toContainText('n 80,000');
    await keepScreen(page, 'long-spread');

    await fill(program, 'sync', { kind: 'sync_metrics', fields: [{ id: 'timeDrift', type: 'integer' }, { id: 'syncQuality', type: 'double' }] }, 'timeDrift,syncQuality', all, (n) => `${n === all - 1 ? -900 : n % 100},0.5`);
    await page.goto('/studies/long/data/sync?view=lights');
    await page.getByRole('button', { name: 'Read the other 20,000' }).click();
    await expect(page.getByText('All 120,000 records')).toBeVisible();
    // The one that matters is the very last of them.
    await expect(page.getByRole('row', { name: /ben/ })).toContainText('900 ms');
    await expect(page.getByRole('row', { name: /ben/ })).toContainText('60,000');
    await expect(page.getByText(/120,000 records, the first, last, least and greatest of every/)).toBeVisible();
    await expectAccessible(page);
    await keepScreen(page, 'long-sync');

    await fill(program, 'gps', { kind: 'sensor', fields: [{ id: 'latitude', type: 'double' }, { id: 'longitude', type: 'double' }] }, 'latitude,longitude', all, (n) => `${48 + n / 1e6},${11 + Math.sin(n / 9000) / 20}`);
    await page.goto('/studies/long/data/gps?view=track');
    await page.getByRole('button', { name: 'Read the other 20,000' }).click();
    await expect(page.getByText('All 120,000 records')).toBeVisible();
    await expect(page.getByText('60,000 places')).toBeVisible();
    await keepScreen(page, 'long-track');
  });
});
