// What a run puts out, line by line: kept beside the ledger, read by `logs`. The words; the file is store/logs.

import type { EpochMs } from './clock.ts';
import type { JobLog, JsonObject } from './handler.ts';
import type { Run } from './run.ts';

export type OutputStream = 'stdout' | 'stderr';
export type LineLevel = keyof JobLog;

/** One line of a run, secrets masked. `cut` stands for lines that are not kept, where they were. */
export interface RunLine {
  /** 1 for the first line of the run; goes on through its attempts. Of a `cut` the last line that is gone. */
  n: number;
  at: EpochMs;
  attempt: number;
  stream: OutputStream | 'log' | 'cut';
  level: LineLevel;
  message: string;
  fields: JsonObject | null;
}

/** The log of an attempt: `ctx.log`, and what its code wrote to its streams. Never throws, never waits. */
export interface OutputLog extends JobLog {
  /** Without line end. */
  written(stream: OutputStream, line: string): void;
}

/** Takes the lines of one attempt. Never throws, never waits. */
export interface RunOutput {
  line(level: LineLevel, message: string, fields?: object, stream?: OutputStream): void;
  /** Something that is in the trace of the run alone, if it has one. */
  event(kind: string, fields: object): void;
  /** The attempt is over. False = what the run has put out so far is not kept. */
  end(isKept: boolean): void;
}

export type TracedRun = Pick<Run, 'runId' | 'jobId' | 'attempt' | 'input' | 'snapshot'>;

export interface RunLogs {
  open(run: TracedRun): RunOutput;
  /**
   * Lines behind line `after`, in their order, at most `limit`; lines of another process as soon as that has written
   * them. Throws DATABASE_ERROR.
   */
  read(runId: string, after: number, limit: number): Promise<RunLine[]>;
  /** Writes what waits. */
  flush(): Promise<void>;
  /**
   * Removes what the ledger has no run for, and then the oldest as long as the state is larger than it may be; answers
   * how many runs lost their lines. `absent` answers which of these runs are gone; `goOn` is asked between two short
   * steps, and false ends it.
   */
  prune(
    absent: (runIds: readonly string[]) => Promise<string[]>,
    goOn: () => Promise<boolean>,
  ): Promise<number>;
  /** Writes what waits and lets go of the file. */
  close(): Promise<void>;
}
