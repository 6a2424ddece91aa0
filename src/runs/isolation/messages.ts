// What crosses the border between the service and the worker of a job, a thread or a process: plain data only.

import type { MessagePort } from 'node:worker_threads';
import type { JobCode, Json, JsonObject } from '#core/handler';
import type { OutputStream } from '#core/run-log';
import type { Answer } from '../call.ts';
import type { ContextData, Progress } from '../context.ts';
import type { ErrorData } from './error-data.ts';

/** What a call begins with. */
export interface CallStart {
  data: ContextData;
  /** As the run has it: the schema is applied where the handler is. */
  input: JsonObject;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** The last message of a call. */
export type LastWord = (({ kind: 'returned' } & Answer) | { kind: 'threw'; error: ErrorData }) & {
  /** Nothing of the call is left in the worker: it may serve another one. */
  isClean: boolean;
};

export type FromWorker =
  | { kind: 'called' }
  | { kind: 'log'; level: LogLevel; message: string; fields: object; stream: OutputStream | null }
  | { kind: 'progress'; progress: Progress }
  | { kind: 'call'; id: number; operation: string; input: JsonObject }
  | LastWord;

export type ToWorker =
  | { kind: 'abort'; reason: ErrorData }
  | { kind: 'answered'; id: number; value: Json }
  | { kind: 'refused'; id: number; error: ErrorData };

/** `workerData` of a thread. */
export interface ThreadStart {
  code: JobCode;
  /** Names of variables that the job is not granted. */
  withheld: readonly string[];
}

/** To a thread: a call, and the line on which both sides speak of it. */
export interface ThreadCall extends CallStart {
  port: MessagePort;
  shared: SharedArrayBuffer;
}

/** Places of the shared `Int32Array`, for what a thread and the service must know without a message. */
export const SHARED = {
  /** 1 = paused. Written by the service. */
  paused: 0,
  /** Lines of the log that the service has taken. */
  taken: 1,
  /** Lines of the log that the thread has dropped. */
  dropped: 2,
} as const;
export const SHARED_BYTES = Int32Array.BYTES_PER_ELEMENT * Object.keys(SHARED).length;

/** To a process, which shares no memory. `n` numbers its calls. */
export type ToProcess =
  | { kind: 'code'; code: JobCode; withheld: readonly string[] }
  | { kind: 'begin'; n: number; start: CallStart; isPaused: boolean }
  | { kind: 'paused'; n: number; isPaused: boolean }
  /** So many lines of the log are taken. */
  | { kind: 'taken'; n: number; lines: number }
  | { kind: 'say'; n: number; message: ToWorker };

export type FromProcess =
  | { kind: 'said'; n: number; message: FromWorker }
  | { kind: 'dropped'; n: number; lines: number };
