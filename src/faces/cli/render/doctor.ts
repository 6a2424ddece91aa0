// Findings of `doctor` as a table: what was looked at, how it is, and below a fault how to mend it. Pure.

import type { Finding } from '#service/doctor';
import { table } from '../table.ts';

export function doctorText(findings: readonly Finding[]): string {
  const rows = table<Finding>(
    [
      { head: 'CHECK', cell: ({ check }) => check },
      { head: 'STATE', cell: ({ level }) => level },
      { head: 'FOUND', cell: ({ message }) => message },
    ],
    findings,
    // A message that is cut helps nobody.
    Number.POSITIVE_INFINITY,
    ({ fix }) => (fix === null ? [] : [`fix: ${fix}`]),
  );
  const count = (level: Finding['level']) => findings.filter((each) => each.level === level).length;
  return `${rows}\n${count('fault')} faults, ${count('warning')} warnings\n`;
}
