// Trace files around the run logs: a run that asks for it has one file, a JSON object a line, of all that happened in it.

import { readdirSync } from 'node:fs';
import { appendFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '#core/clock';
import { faultFields, toErrorRecord } from '#core/errors';
import type { Log } from '#core/log';
import { traceSessionId } from '#core/run';
import type { RunLogs, RunOutput, TracedRun } from '#core/run-log';
import { plainValue } from './line.ts';

export interface TraceOptions {
  /** `trace_directory`: of this scheduler alone. */
  directory(): string;
  clock: Clock;
  log: Log;
  /** Takes the secrets out of a text. */
  masked(text: string): string;
}

const FLUSH_MS = 200;
/** Of one attempt; what comes then is counted. */
const MOST_BYTES = 16 * 1024 * 1024;
const RUNS_AT_ONCE = 100;
const NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl$/;

/** The same promises, kept by `logs`, and the traces of runs that ask for one. */
export function withTraces(logs: RunLogs, options: TraceOptions): RunLogs {
  const open = new Set<TraceFile>();
  const written = () => Promise.all([...open].map((file) => file.flush()));
  return {
    open(run) {
      const output = logs.open(run);
      const id = traceSessionId(run);
      return id === null ? output : traced(output, run, new TraceFile(id, options, open));
    },
    read: (runId, after, limit) => logs.read(runId, after, limit),
    async flush() {
      await Promise.all([logs.flush(), written()]);
    },
    async prune(absent, goOn) {
      const removed = await logs.prune(absent, goOn);
      await pruneTraces(options.directory(), absent, goOn);
      return removed;
    },
    async close() {
      await written();
      await logs.close();
    },
  };
}

function traced(output: RunOutput, { attempt, jobId, runId }: TracedRun, file: TraceFile): RunOutput {
  const names = { run_id: runId, job: jobId, attempt };
  return {
    line(level, message, fields, stream) {
      output.line(level, message, fields, stream);
      file.write('line', { ...names, stream: stream ?? 'log', level, message, fields: fields ?? null });
    },
    event(kind, fields) {
      output.event(kind, fields);
      file.write(kind, { ...names, ...fields });
    },
    end(isKept) {
      output.end(isKept);
      file.end();
    },
  };
}

/** Lines of one attempt on their way to the file of its run. */
class TraceFile {
  readonly #id: string;
  readonly #options: TraceOptions;
  readonly #open: Set<TraceFile>;
  #waiting: string[] = [];
  #bytes = 0;
  #passedOver = 0;
  #isOver = false;
  #cancelTimer: (() => void) | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(id: string, options: TraceOptions, open: Set<TraceFile>) {
    this.#id = id;
    this.#options = options;
    this.#open = open;
    open.add(this);
  }

  write(kind: string, fields: object): void {
    if (this.#isOver) return;
    if (this.#bytes >= MOST_BYTES) {
      this.#passedOver++;
      return;
    }
    this.#add(kind, fields);
    this.#cancelTimer ??= this.#options.clock.timer(FLUSH_MS, () => void this.flush());
  }

  end(): void {
    if (this.#passedOver > 0) this.#add('cut', { passed_over: this.#passedOver });
    this.#isOver = true;
    void this.flush().then(() => this.#open.delete(this));
  }

  flush(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    const text = this.#waiting.splice(0).join('');
    if (text !== '') this.#writing = this.#writing.then(() => this.#append(text));
    return this.#writing;
  }

  #add(kind: string, fields: object): void {
    const { clock, masked } = this.#options;
    const time = new Date(clock.now()).toISOString();
    const line = masked(jsonOf({ time, trace_session_id: this.#id, kind }, fields));
    this.#waiting.push(`${line}\n`);
    this.#bytes += Buffer.byteLength(line);
  }

  async #append(text: string): Promise<void> {
    const directory = this.#options.directory();
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await appendFile(path.join(directory, `${this.#id}.jsonl`), text, { mode: 0o600 });
    } catch (error) {
      this.#options.log
        .at('traces.write')
        .warn('a trace cannot be written; the run goes on', faultFields(error, 'traces'));
    }
  }
}

function jsonOf(head: object, fields: object): string {
  try {
    return JSON.stringify({ ...head, ...fields }, plainValue);
  } catch (error) {
    return JSON.stringify({ ...head, fault: `not JSON: ${toErrorRecord(error).message}` });
  }
}

/** A trace whose run the ledger no longer has goes; a file with any other name stays. */
async function pruneTraces(
  directory: string,
  absent: (runIds: readonly string[]) => Promise<string[]>,
  goOn: () => Promise<boolean>,
): Promise<void> {
  const ids = tracesIn(directory);
  for (let at = 0; at < ids.length && (await goOn()); at += RUNS_AT_ONCE)
    for (const id of await absent(ids.slice(at, at + RUNS_AT_ONCE)))
      await rm(path.join(directory, `${id}.jsonl`), { force: true });
}

function tracesIn(directory: string): string[] {
  try {
    return readdirSync(directory).flatMap((name) => NAME.exec(name)?.[1] ?? []);
  } catch {
    // Nothing was traced yet.
    return [];
  }
}
