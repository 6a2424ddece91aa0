// A note as people read it, on the terminal and in the log.

import type { Note } from './settings.ts';

/** `file:line:column: path: message (fix)`; what is not known is left out. */
export function formatNote(note: Note): string {
  const place = [note.file, note.line, note.line === null ? null : note.column].filter(
    (part) => part !== null,
  );
  const path = note.path === '' ? '' : `${note.path}: `;
  return `${place.join(':')}: ${path}${note.message}${note.fix === null ? '' : ` (${note.fix})`}`;
}
