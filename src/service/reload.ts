// Changed settings in, applied whole or refused whole: hot reload (rule 14).

import { keepUntilRestart, restartRequired } from '#config/diff';
import type { NoticeFolders } from '#config/folder-notices';
import { formatNote } from '#config/format';
import type { LoadResult } from '#config/load';
import { isInside } from '#config/project';
import type { Note, Settings } from '#config/settings';
import { type SettingsWatch, watchSettings } from '#config/watch';
import type { Clock } from '#core/clock';
import { faultFields } from '#core/errors';
import type { Log } from '#core/log';

export interface ReloaderParts {
  log: Log;
  current(): Settings;
  adopt(settings: Settings): void;
  /** Reads the settings file anew. */
  reload(): Promise<LoadResult>;
  /** Makes the loops go on under the settings that `adopt` sets. */
  apply(next: Settings, adopt: () => void): Promise<void>;
  /** Files and folders whose change asks for a reload. */
  watched(): readonly string[];
  noticeFolders: NoticeFolders;
  /** How often the files are compared, whatever the notices say. */
  compareMs: number;
  clock: Clock;
}

const TRY_AGAIN_MS = 5_000;

export class Reloader {
  readonly #parts: ReloaderParts;
  readonly #log: Log;
  #faults: readonly Note[] = [];
  #restart: readonly string[] = [];
  #last: Promise<void> = Promise.resolve();
  #watch: SettingsWatch | null = null;

  constructor(parts: ReloaderParts) {
    this.#parts = parts;
    this.#log = parts.log.at('reload.apply');
  }

  /** What is wrong with the file as it is now; the last good settings stay in force. */
  get faults(): readonly Note[] {
    return this.#faults;
  }

  /** Dotted paths of the file that only a restart applies and that it has not seen yet. */
  get restartRequired(): readonly string[] {
    return this.#restart;
  }

  /** One after the other: a later one sees the later file. */
  reload(): Promise<void> {
    this.#last = this.#last.then(() => this.#readAgain());
    return this.#last;
  }

  /** Reloads at every change of what is watched, until `signal` aborts; `onChange` is told first. */
  follow(signal: AbortSignal, onChange: () => void): SettingsWatch {
    const { current, watched, noticeFolders, compareMs, clock } = this.#parts;
    this.#watch = watchSettings({
      paths: watched,
      onChange: () => {
        onChange();
        void this.reload();
      },
      // The vault is the one that others share: it may be a mount that does not answer.
      mayHang: (file) => isInside(current().app.paths.vault, file),
      noticeFolders,
      compareMs,
      clock,
      signal,
    });
    return this.#watch;
  }

  /** Resolves when nothing is being compared or read again. */
  async idle(): Promise<void> {
    await this.#watch?.idle();
    await this.#last;
  }

  async #readAgain(): Promise<void> {
    try {
      const answer = await this.#parts.reload();
      const told = new Set(this.#faults.map(formatNote));
      if (told.size > 0 && answer.kind === 'ok') this.#log.info('the settings are right again');
      this.#faults = answer.kind === 'faults' ? answer.faults : [];
      if (answer.kind === 'ok') await this.#apply(answer.settings);
      for (const fault of this.#faults) {
        const text = formatNote(fault);
        if (told.has(text)) continue;
        this.#log.error(`settings refused, the last good ones stay: ${text}`, {
          error: fault.message,
          error_type: fault.code,
          module_id: 'settings',
          details: fault,
        });
      }
    } catch (error) {
      this.#log.error(
        'the settings could not be read again, the last good ones stay',
        faultFields(error, 'settings'),
      );
      // The file will not change again by itself, but the ledger may take it then.
      this.#parts.clock.timer(TRY_AGAIN_MS, () => void this.reload());
    }
  }

  async #apply(next: Settings): Promise<void> {
    const { current, adopt, apply } = this.#parts;
    const before = current();
    const restart = restartRequired(before, next);
    const isNews = restart.length > 0 && restart.join() !== this.#restart.join();
    this.#restart = restart;
    if (isNews) this.#log.warn('these changes need a restart', { restart_required: restart });
    const kept = keepUntilRestart(before, next);
    await apply(kept, () => adopt(kept));
    const changed = changedJobs(before, next);
    if (changed.length > 0) this.#log.info('settings applied', { jobs: changed });
    const known = new Set(before.warnings.map(formatNote));
    for (const note of next.warnings) {
      const text = formatNote(note);
      if (!known.has(text)) this.#log.warn(text, { code: note.code });
    }
  }
}

function changedJobs(before: Settings, after: Settings): string[] {
  const hashes = new Map(
    before.jobs.map((job) => [job.id, `${job.configHash}${job.enabled}${JSON.stringify(job.schedule)}`]),
  );
  const changed = after.jobs.filter(
    (job) => hashes.get(job.id) !== `${job.configHash}${job.enabled}${JSON.stringify(job.schedule)}`,
  );
  const names = new Set(after.jobs.map((job) => job.id));
  const gone = before.jobs.filter((job) => !names.has(job.id));
  return [...changed, ...gone].map((job) => job.id);
}
