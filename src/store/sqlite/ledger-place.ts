// Is the file that is open still the one at its path? What is written to a file that was deleted is lost without a word.

import { statSync } from 'node:fs';
import { SchedulerError } from '#core/errors';

export class LedgerPlace {
  readonly #file: string;
  readonly #opened: string | null;

  /** The file has just been opened. */
  constructor(file: string) {
    this.#file = file;
    this.#opened = identityOf(file);
  }

  /** DATABASE_ERROR where the path leads to nothing or to another file; null = all is well. A few microseconds. */
  fault(): SchedulerError | null {
    const found = identityOf(this.#file);
    if (found === this.#opened) return null;
    const what = found === null ? 'was deleted or moved' : 'was replaced by another file';
    return new SchedulerError(
      'DATABASE_ERROR',
      `${this.#file} ${what} while the service has it open: nothing is written or started any more`,
      'put the directory back as it was, then the service goes on; or stop the service and start it on what is there now',
    );
  }
}

function identityOf(file: string): string | null {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.dev}:${found.ino}` : null;
}
