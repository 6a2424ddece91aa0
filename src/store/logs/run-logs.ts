// Lines of runs in, written soon after in short steps: no run and no settling ever waits for them.

import type { Clock } from '#core/clock';
import { faultFields } from '#core/errors';
import type { Log } from '#core/log';
import type { LineLevel, OutputStream, RunLine, RunLogs, RunOutput } from '#core/run-log';
import { type Changes, HeadAndTail } from './head-and-tail.ts';
import { lineJson } from './line.ts';
import { bytesOf, LogFile } from './log-file.ts';

export interface RunLogsOptions {
  stateDir: string;
  clock: Clock;
  log: Log;
  /** Takes the secrets out of a text. */
  masked(text: string): string;
  /** `state_max_mb`, in bytes. */
  maxBytes(): number;
  /** Other files that count as state, which nothing here removes. */
  besides: readonly string[];
}

/** What is put out is in the file so soon, if the disk takes it. */
export const FLUSH_MS = 200;
/** After a fault of the file. */
const TRY_AGAIN_MS = 5_000;
/** Of one transaction: a millisecond or two. */
const STEP_BYTES = 256 * 1024;
/** Of runs that have ended while the file takes nothing. */
const MOST_WAITING = 32;
const RUNS_AT_ONCE = 100;
/** So much is written before the size of the state is looked at again. */
const LOOK_BYTES = 8 * 1024 * 1024;

type Opened = Pick<Parameters<RunLogs['open']>[0], 'runId' | 'jobId' | 'attempt'>;

/** The lines of one run that is at work, or that has not been written to its end. */
interface Recorder {
  readonly runId: string;
  readonly jobId: string;
  lines: HeadAndTail;
  /** Attempts that go on: one, unless an old one was given up. */
  users: number;
  /** Whatever the file has of it goes. */
  isDropped: boolean;
}

export function sqliteRunLogs(options: RunLogsOptions): RunLogs {
  return new SqliteRunLogs(options);
}

class SqliteRunLogs implements RunLogs {
  readonly #options: RunLogsOptions;
  readonly #log: Log;
  readonly #recorders = new Map<string, Recorder>();
  #file: LogFile | null = null;
  #cancelFlush: (() => void) | null = null;
  #flushing: Promise<void> | null = null;
  #writtenBytes = 0;
  #isFaultTold = false;
  #isClosed = false;

  constructor(options: RunLogsOptions) {
    this.#options = options;
    this.#log = options.log.at('run-logs.write');
  }

  open(run: Opened): RunOutput {
    let recorder: Recorder | null = null;
    let isOver = false;
    const own = () => {
      recorder ??= this.#use(run);
      return recorder;
    };
    return {
      line: (level, message, fields, stream) => {
        if (!isOver && !this.#isClosed) this.#add(own(), run.attempt, { level, message, stream }, fields);
      },
      event: () => {},
      end: (isKept) => {
        if (isOver) return;
        isOver = true;
        // Attempts before this one may have left lines.
        if (!isKept && (recorder !== null || run.attempt > 1)) own().isDropped = true;
        if (recorder === null) return;
        recorder.users--;
        this.#flushSoon();
      },
    };
  }

  #use({ runId, jobId }: Opened): Recorder {
    const known = this.#recorders.get(runId);
    const recorder = known ?? {
      ...{ runId, jobId, users: 0, isDropped: false },
      lines: new HeadAndTail(this.#keptOf(runId)),
    };
    recorder.users++;
    this.#recorders.set(runId, recorder);
    return recorder;
  }

  #keptOf(runId: string) {
    try {
      return this.#reading()?.kept(runId) ?? undefined;
    } catch (error) {
      this.#tell(error);
      return undefined;
    }
  }

  #add(
    recorder: Recorder,
    attempt: number,
    line: { level: LineLevel; message: string; stream: OutputStream | undefined },
    fields: object | undefined,
  ): void {
    const { clock, masked } = this.#options;
    const { level, message, stream = 'log' } = line;
    const at = clock.now();
    recorder.lines.add((n) =>
      lineJson({ n, at, attempt, stream, level, message: String(message) }, fields, masked),
    );
    this.#flushSoon();
  }

  #flushSoon(afterMs = FLUSH_MS): void {
    if (this.#isClosed || this.#flushing) return;
    this.#cancelFlush ??= this.#options.clock.timer(afterMs, () => void this.flush());
  }

  flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#flushing ??= this.#writeAll().then((isTaken) => {
      this.#flushing = null;
      // What came in while it was written has no timer of its own.
      if (this.#hasWork) this.#flushSoon(isTaken ? FLUSH_MS : TRY_AGAIN_MS);
    });
    return this.#flushing;
  }

  get #hasWork(): boolean {
    return [...this.#recorders.values()].some(hasWork);
  }

  /** False = the file takes nothing now. */
  async #writeAll(): Promise<boolean> {
    let isTaken = this.#writeSome();
    while (isTaken && this.#hasWork) {
      await turn();
      isTaken = this.#writeSome();
    }
    await this.#lookAtSize();
    return isTaken;
  }

  async #lookAtSize(): Promise<void> {
    if (this.#writtenBytes < LOOK_BYTES) return;
    this.#writtenBytes = 0;
    await this.#evict(async () => {
      await turn();
      return !this.#isClosed;
    });
  }

  /** One transaction; false = the file takes nothing now. */
  #writeSome(): boolean {
    const step = this.#nextStep();
    try {
      if (step.length > 0) this.#writeStep(step);
      this.#isFaultTold = false;
      return true;
    } catch (error) {
      this.#tell(error);
      this.#letGo();
      return false;
    }
  }

  #nextStep(): { recorder: Recorder; changes: Changes }[] {
    const step: { recorder: Recorder; changes: Changes }[] = [];
    let bytes = 0;
    for (const recorder of this.#recorders.values()) {
      if (!hasWork(recorder)) continue;
      const changes = recorder.lines.changes();
      step.push({ recorder, changes });
      bytes += changes.written.reduce((sum, piece) => sum + piece.bytes, 0);
      if (bytes >= STEP_BYTES) break;
    }
    this.#writtenBytes += bytes;
    return step;
  }

  #writeStep(step: readonly { recorder: Recorder; changes: Changes }[]): void {
    const file = this.#writing();
    const kept = step.filter(({ recorder, changes }) => !recorder.isDropped && changes.written.length > 0);
    const rows = kept.map(({ recorder: { runId, jobId, lines }, changes }) => {
      const { cut, headBytes } = lines;
      const sums = { lines: lines.lines, headBytes, cutLines: cut.lines, cutBytes: cut.bytes };
      return { ...changes, runId, jobId, ...sums };
    });
    if (rows.length > 0) file.write(rows, this.#options.clock.now());
    const dropped = step.filter(({ recorder }) => recorder.isDropped).map(({ recorder }) => recorder.runId);
    if (dropped.length > 0) file.drop(dropped);
    for (const { recorder } of step) {
      recorder.lines.settled();
      if (recorder.isDropped) recorder.lines = new HeadAndTail();
      recorder.isDropped = false;
      if (recorder.users === 0) this.#recorders.delete(recorder.runId);
    }
  }

  /** The file takes nothing: of what has ended, only so much is held for when it does again. */
  #letGo(): void {
    const waiting = [...this.#recorders.values()].filter(({ users }) => users === 0);
    for (const { runId } of waiting.slice(0, -MOST_WAITING)) this.#recorders.delete(runId);
  }

  async read(runId: string, after: number, limit: number): Promise<RunLine[]> {
    await this.#flushing;
    if (this.#recorders.has(runId)) await this.flush();
    return this.#reading()?.read(runId, after, limit) ?? [];
  }

  async prune(
    absent: (runIds: readonly string[]) => Promise<string[]>,
    goOn: () => Promise<boolean>,
  ): Promise<number> {
    const file = this.#reading();
    if (!file) return 0;
    let removed = 0;
    for (let after: string | undefined = ''; after !== undefined && (await goOn()); ) {
      const runs = file.runs(after, RUNS_AT_ONCE);
      after = runs.at(-1);
      const gone = runs.length === 0 ? [] : await absent(runs);
      if (gone.length > 0) file.drop(gone);
      removed += gone.length;
    }
    return removed + (await this.#evict(goOn));
  }

  /** The oldest go, a run at a time, until the state is as large as it may be; lines of runs at work stay. */
  async #evict(goOn: () => Promise<boolean>): Promise<number> {
    const file = this.#reading();
    if (!file) return 0;
    const { maxBytes, besides } = this.#options;
    let removed = 0;
    try {
      while (file.bytes + bytesOf(besides) > maxBytes() && (await goOn())) {
        const oldest = file.oldest(this.#recorders.size + 1).find((runId) => !this.#recorders.has(runId));
        if (oldest === undefined) break;
        file.drop([oldest]);
        removed++;
      }
      while (file.shrink() && (await goOn()));
    } catch (error) {
      this.#tell(error);
    }
    if (removed > 0) this.#log.info('the oldest run logs were removed: state_max_mb', { runs: removed });
    return removed;
  }

  async close(): Promise<void> {
    await this.flush();
    this.#isClosed = true;
    this.#cancelFlush?.();
    this.#file?.close();
    this.#file = null;
  }

  #writing(): LogFile {
    this.#file ??= LogFile.open(this.#options.stateDir);
    return this.#file;
  }

  #reading(): LogFile | null {
    this.#file ??= this.#isClosed ? null : LogFile.openToRead(this.#options.stateDir);
    return this.#file;
  }

  /** Once, until it works again. A file that went bad under us is put aside when it is opened again. */
  #tell(error: unknown): void {
    this.#file?.close();
    this.#file = null;
    if (this.#isFaultTold) return;
    this.#isFaultTold = true;
    this.#log.warn('what runs put out cannot be kept; the runs go on', faultFields(error, 'run-logs'));
  }
}

function hasWork({ lines, isDropped, users }: Recorder): boolean {
  return lines.isChanged || isDropped || users === 0;
}

/** After everything that this turn of the event loop brings, before the next one. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
