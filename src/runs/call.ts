// The call of a handler: in this thread, or in a thread or process of its own that can be ended.

import type { Handler, JobCode, JobContext, Json, JsonObject } from '#core/handler';
import type { Permissions } from '#core/job';
import type { HandlerHost } from '#core/programs';
import type { OutputLog } from '#core/run-log';
import type { ContextData, Progress } from './context.ts';
import { type Result, readResult, readState } from './result.ts';

/** Under way. */
export interface Call {
  /** Settles when nothing of the call runs any more; rejects with what the handler threw. */
  readonly answer: Promise<Answer>;
  /** Ends it for certain: `answer` rejects once it is gone. Null = code in this thread, which nothing can end. */
  readonly end: (() => void) | null;
  /** What `ctx.paused()` answers may have changed. */
  refresh(): void;
}

export interface Answer {
  result: Result;
  /** `ctx.state` after the call. */
  state: Json;
}

/** All that a handler needs in a worker of its own; what is no plain data stays on this side and is asked. */
export interface IsolatedRequest {
  isolation: 'thread' | 'process';
  permissions: Permissions | null;
  code: JobCode;
  data: ContextData;
  /** As the run has it: the schema is applied where the handler is. */
  input: JsonObject;
  maxMemoryMb: number | null;
  signal: AbortSignal;
  log: OutputLog;
  paused(): boolean;
  /** The code is loaded and the handler is called: from here on its time limit counts (rule 8). */
  onCalled(): void;
  onProgress(progress: Progress): void;
  call(operation: string, input: JsonObject): Promise<Json>;
}

/** Never throws: a worker that cannot be made is an `answer` that rejects. */
export type StartIsolated = (request: IsolatedRequest) => Call;

/** Threads and processes for the calls of one service. */
export interface Isolation {
  start: StartIsolated;
  /** Ends what is kept ready for the next calls; resolves when it is gone. */
  close(): Promise<void>;
}

/** A process of a job, as the ledger keeps it: with pid and start no other process has the same. */
export interface Child {
  pid: number;
  /** Of processes, to be ended as one. */
  group: number;
  /** Opaque; empty where the system does not tell. */
  started: string;
}

/** Told of processes; the first answer is waited for before any code of the job is sent. */
export interface ChildWatch {
  onBegun(child: Child, job: string): Promise<void>;
  onGone(child: Child): Promise<void>;
}

export type Isolate = (watch: ChildWatch) => Isolation;

export function callInline(handler: Handler, ctx: JobContext, host: HandlerHost): Call {
  const begun = handler.begin?.(ctx, host) ?? null;
  const answer = async () => {
    const result = readResult(await (begun ? begun.result : handler.call(ctx)));
    return { result, state: readState(ctx.state) };
  };
  return { answer: answer(), end: begun && (() => begun.end()), refresh: () => {} };
}
