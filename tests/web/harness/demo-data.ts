import fs from 'node:fs';
import path from 'node:path';

import { addUser, binary, EMAIL, PASSWORD, sheaf, template } from './program';

/** Demo studies, made once for all workers, and anew when the program is newer than they are. */
export default function makeDemoData(): void {
  if (!fs.existsSync(binary)) throw new Error(`${binary} is not there: build it, or set SHEAF_BIN`);
  const ready = path.join(template, '.ready');
  if (fs.existsSync(ready) && fs.statSync(ready).mtimeMs > fs.statSync(binary).mtimeMs) return;
  fs.rmSync(template, { recursive: true, force: true });
  fs.mkdirSync(template, { recursive: true });
  const data = path.join(template, 'data');
  addUser(data, EMAIL, PASSWORD, true);
  sheaf(['demo', '--data', data, '--rows', '20000', '--user', EMAIL]);
  fs.writeFileSync(ready, '');
}
