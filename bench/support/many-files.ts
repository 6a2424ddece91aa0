// Many files for the benches of the housekeeper: empty, because what is measured is the work on names.

import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const FIRST = 1_700_000_000;

/** `count` empty files in as many folders, each with an age of its own, in no order. */
export function makeFiles(root: string, count: number, folders: number): void {
  for (let n = 0; n < count; n++) {
    const folder = folders === 1 ? root : path.join(root, `folder-${n % folders}`);
    if (n < folders) mkdirSync(folder, { recursive: true });
    const file = path.join(folder, `app-${n}.log`);
    writeFileSync(file, '');
    const at = FIRST + ((n * 7_919) % count);
    utimesSync(file, at, at);
  }
}
