// What crosses the border between the service and the thread of a job: plain data only.

import type { MessagePort } from 'node:worker_threads';
import type { JobCode, Json, JsonObject } from '#core/handler';
import type { OutputStream } from '#core/run-log';
import type { Answer } from '../call.ts';
import type { ContextData, Progress } from '../context.ts';
import type { ErrorData } from './error-data.ts';

/** `workerData` of the thread. */
export interface ThreadStart {
  port: MessagePort;
  shared: SharedArrayBuffer;
  code: JobCode;
  data: ContextData;
  input: JsonObject;
}

/** Places of the shared `Int32Array`, for what both sides must know without a message. */
export const SHARED = {
  /** 1 = paused. Written by the service. */
  paused: 0,
  /** Lines of the log that the service has taken. */
  taken: 1,
  /** Lines of the log that the thread has dropped. */
  dropped: 2,
} as const;
export const SHARED_BYTES = Int32Array.BYTES_PER_ELEMENT * Object.keys(SHARED).length;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type FromThread =
  | { kind: 'called' }
  | { kind: 'log'; level: LogLevel; message: string; fields: object; stream: OutputStream | null }
  | { kind: 'progress'; progress: Progress }
  | { kind: 'call'; id: number; operation: string; input: JsonObject }
  | ({ kind: 'returned' } & Answer)
  | { kind: 'threw'; error: ErrorData };

export type ToThread =
  | { kind: 'abort'; reason: ErrorData }
  | { kind: 'answered'; id: number; value: Json }
  | { kind: 'refused'; id: number; error: ErrorData };
