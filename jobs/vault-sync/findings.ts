// What is wrong with the vault, one thing each; and the log of them, which never drowns in one kind.

import type { JobContext } from 'aclarai-scheduler';

export interface Finding {
  readonly level: 'error' | 'warning';
  /** Stable word for the kind of trouble, e.g. `not_utf8`. */
  readonly kind: string;
  /** Vault-relative, null where no single file is concerned. */
  readonly file: string | null;
  /** From 1. */
  readonly line: number | null;
  readonly message: string;
}

/** Lines of one kind that are written out; the rest of that kind is counted in one more line. */
const LINES_PER_KIND = 20;

/** Writes findings to a run's log, the first of each kind in full, and counts all of them. */
export class FindingLog {
  readonly #log: JobContext['log'];
  readonly #seen = new Map<string, { level: 'error' | 'warning'; count: number }>();
  warnings = 0;
  errors = 0;

  constructor(log: JobContext['log']) {
    this.#log = log;
  }

  /** `counted: false` for what has a counter of its own: conflicts and duplicates. */
  add(finding: Finding, counted = true): void {
    if (counted && finding.level === 'error') this.errors++;
    if (counted && finding.level === 'warning') this.warnings++;
    const seen = this.#seen.get(finding.kind) ?? { level: finding.level, count: 0 };
    seen.count++;
    this.#seen.set(finding.kind, seen);
    if (seen.count > LINES_PER_KIND) return;
    const { kind, file, line } = finding;
    this.#write(finding.level, describe(finding), { kind, file, line });
  }

  /** Says how many of each kind were left out. Call once, at the end. */
  close(): void {
    for (const [kind, { level, count }] of this.#seen)
      if (count > LINES_PER_KIND)
        this.#write(level, `… and ${count - LINES_PER_KIND} more of the kind ${kind}`, { kind, count });
  }

  #write(level: 'error' | 'warning', message: string, fields: object): void {
    if (level === 'error') this.#log.error(message, fields);
    else this.#log.warn(message, fields);
  }
}

function describe({ file, line, message }: Finding): string {
  if (file === null) return message;
  return `${place(file, line)}: ${message}`;
}

/** `file:line`, as editors understand it. */
export function place(file: string, line: number | null): string {
  return line === null ? file : `${file}:${line}`;
}
