// Backups as text: where the copy lies, and what restoring it has changed. Pure.

import type { BackupShape, RestoreShape } from '#service/keeping';
import { fields } from '../table.ts';
import { bytesText, NONE, timeText } from '../text.ts';

export function backupText({ file, bytes, at }: BackupShape): string {
  return `${file}: the ledger as it was at ${timeText(at)}, ${bytesText(bytes)}\n`;
}

export function restoreText(shape: RestoreShape): string {
  const facts = fields([
    ['Restored', shape.file],
    ['As of', timeText(shape.backed_up_at)],
    ['Jobs', String(shape.jobs)],
    ['Slots since then', `${shape.slots_missed}, recorded as missed: restored`],
    ['Runs that had not ended', `${shape.runs_ended}, not run again`],
    ['What was there', shape.replaced ?? NONE],
  ]);
  return `${facts}Everything is paused. Start the service, look, and lift it with: aclarai-scheduler resume\n`;
}
