// A key that is nearly one of ours: a slip, unless somebody says that it is meant. Pure.

import { closest } from '#core/did-you-mean';

const SHORTEST = 4;
const LONG = 8;

/**
 * The key of ours that was probably meant: both names have at least 4 letters and are one edit or swap
 * apart, two where both have 8. Case is no difference. Null = this is another word.
 */
export function nearMiss(written: string, ours: Iterable<string>): string | null {
  if (written.length < SHORTEST) return null;
  const names = [...ours].filter((name) => name.length >= SHORTEST);
  const near = closest(written, names, 1);
  if (near !== null || written.length < LONG) return near;
  return closest(
    written,
    names.filter((name) => name.length >= LONG),
    2,
  );
}
