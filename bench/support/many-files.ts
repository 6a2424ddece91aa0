// Many files in one folder, for the benches of the housekeeper.

import { utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const FIRST = 1_700_000_000;

/** `count` files with this content, each with an age of its own, in no order. */
export function makeFiles(folder: string, count: number, content = ''): void {
  for (let n = 0; n < count; n++) {
    const file = path.join(folder, `app-${n}.log`);
    writeFileSync(file, content);
    const at = FIRST + ((n * 7_919) % count);
    utimesSync(file, at, at);
  }
}
