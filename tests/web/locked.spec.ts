import fs from 'node:fs';

import { expect, expectAccessible, keepScreen, test } from './harness/page';

const PASSPHRASE = 'a long enough passphrase';

/** Two seconds of a tone, as a WAV. */
function tone(): Buffer {
  const rate = 8000;
  const samples = Buffer.alloc(2 * rate);
  for (let n = 0; n < samples.length; ++n) samples[n] = 128 + Math.round(60 * Math.sin((n * 2 * Math.PI * 440) / rate));
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate, 28);
  head.writeUInt16LE(1, 32);
  head.writeUInt16LE(8, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

test('a recording of a locked study is played and saved once the passphrase is given', async ({ signedIn: page, program }) => {
  await program.send('POST', '/studies', { id: 'sealed', name: 'Sealed' });
  await program.send('PUT', '/studies/sealed/datasets/interviews', { name: 'Interviews', kind: 'recordings', mode: 'append', fields: [{ id: 'title', type: 'string' }] });
  const bytes = tone();
  for (const name of ['first.wav', 'second.wav']) {
    const { id } = (await (await program.send('POST', '/studies/sealed/files', { kind: 'recording', name, media_type: 'audio/wav', participant: 'p1' })).json()) as { id: string };
    await program.api(`/studies/sealed/files/${id}/content`, { method: 'PUT', body: new Uint8Array(bytes), headers: { 'Content-Type': 'application/octet-stream' } });
  }
  await program.send('PUT', '/studies/sealed/lock', { passphrase: PASSPHRASE });

  await page.goto('/studies/sealed/data/interviews?view=play');
  await page.getByRole('button', { name: 'Play first.wav' }).click();
  const dialog = page.getByRole('dialog', { name: 'This study is locked' });
  await dialog.getByLabel('Passphrase of the study').fill('another long passphrase');
  await dialog.getByRole('button', { name: 'Open' }).click();
  await expect(dialog.getByRole('alert')).toBeVisible();
  await expect(dialog.getByRole('textbox', { name: 'Passphrase of the study' })).toHaveValue('another long passphrase');
  await expectAccessible(page);
  await dialog.getByRole('textbox', { name: 'Passphrase of the study' }).fill(PASSPHRASE);
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  const length = () => page.locator('audio').evaluate((audio) => (audio as HTMLAudioElement).duration);
  await expect.poll(length).toBe(2);
  await keepScreen(page, 'locked-recording');

  // It is not asked for twice, and what is saved is what came.
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download second.wav' }).click()]);
  expect(saved.suggestedFilename()).toBe('second.wav');
  expect(fs.readFileSync(await saved.path()).equals(bytes)).toBe(true);

  // Nor kept: who comes back is asked again, and who gives nothing hears nothing.
  await page.reload();
  await page.getByRole('button', { name: 'Play second.wav' }).click();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page.locator('audio')).toHaveCount(0);
});
