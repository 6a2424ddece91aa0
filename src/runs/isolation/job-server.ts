// Inside a worker, thread or process: serves one call of a job after another, builds each its `ctx`, says how it ended.

import { getHeapStatistics } from 'node:v8';
import { systemClock } from '#core/clock';
import type { Handler, JobCode, JobLog } from '#core/handler';
import type { OutputStream } from '#core/run-log';
import { createContext } from '../context.ts';
import { explainImportError } from '../handlers/import-error.ts';
import { importCode } from '../handlers/module-versions.ts';
import { toHandler } from '../handlers/shape.ts';
import { checkedInput } from '../input.ts';
import { readResult, readState } from '../result.ts';
import { BoundedLog } from './bounded-log.ts';
import { CallQueue } from './call-queue.ts';
import { captureOutput } from './captured-output.ts';
import { fromErrorData, toErrorData } from './error-data.ts';
import { LatestProgress } from './latest-progress.ts';
import type { CallStart, FromWorker, LastWord, LogLevel, ToWorker } from './messages.ts';
import { variableChanges } from './withheld.ts';

/** The worker's end of what it says about one call. */
export interface Line {
  post(message: FromWorker): void;
  isPaused(): boolean;
  /** Lines of the log that the service has taken. */
  taken(): number;
  onDropped(lines: number): void;
}

/** A worker that holds more after a call is not used again: a leak must not outlive its run for long. */
const LARGEST_AT_REST_BYTES = 64 * 1_048_576;

export class JobServer {
  readonly #load: () => Promise<Handler>;
  #handler: Promise<Handler> | null = null;
  #current: ServedCall | null = null;

  /** Takes the place of stdout and stderr, and hears what nobody catches, for good. */
  constructor(load: () => Promise<Handler>) {
    this.#load = load;
    const flushes = [this.#capture('stdout'), this.#capture('stderr')];
    this.#flush = () => {
      for (const flush of flushes) flush();
    };
    // A rejection that nobody awaits arrives here, too. Between two calls it ends the worker, as it would a program.
    process.on('uncaughtException', (thrown) => {
      if (this.#current === null) throw thrown;
      this.#end(this.#current, { kind: 'threw', error: toErrorData(thrown) }, false);
    });
  }

  readonly #flush: () => void;

  /** One at a time: the service begins the next when the one before has said its last word. */
  begin(line: Line, start: CallStart): ServedCall {
    const call = new ServedCall(line);
    this.#current = call;
    this.#handler ??= this.#load();
    void call.run(this.#handler, start).then(
      // What the handler left in the air in this turn (a rejection that nobody awaits) is its failure as well.
      (last) => setImmediate(() => this.#end(call, last, call.isClean(last))),
    );
    return call;
  }

  #end(call: ServedCall, how: Ended, isClean: boolean): void {
    if (this.#current !== call) return;
    this.#flush();
    this.#current = null;
    call.end({ ...how, isClean });
  }

  #capture(stream: OutputStream): () => void {
    return captureOutput(process[stream], (line) => this.#current?.written(stream, line));
  }
}

type Ended = LastWord extends infer Word ? (Word extends unknown ? Omit<Word, 'isClean'> : never) : never;

export class ServedCall {
  readonly #line: Line;
  readonly #aborter = new AbortController();
  readonly #lines: BoundedLog;
  readonly #progress: LatestProgress;
  readonly #calls: CallQueue;
  #before: Surroundings | null = null;

  constructor(line: Line) {
    this.#line = line;
    const { taken, onDropped } = line;
    this.#lines = new BoundedLog({
      ...{ clock: systemClock, taken, onDropped },
      post: (entry) => line.post({ kind: 'log', ...entry }),
    });
    this.#progress = new LatestProgress(systemClock, (latest) =>
      line.post({ kind: 'progress', progress: latest }),
    );
    this.#calls = new CallQueue((request) => line.post({ kind: 'call', ...request }));
  }

  /** Never rejects. */
  async run(loading: Promise<Handler>, { data, input }: CallStart): Promise<Ended> {
    try {
      deepFreeze(data.config);
      const handler = await loading;
      const log = (level: LogLevel): JobLog[keyof JobLog] => {
        return (message, fields) => this.#lines.write(level, message, fields);
      };
      const ctx = createContext(data, checkedInput(handler.info, input), {
        signal: this.#aborter.signal,
        log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
        clock: systemClock,
        paused: () => this.#line.isPaused(),
        onProgress: (latest) => this.#progress.report(latest),
        call: (operation, args) => this.#calls.ask(operation, args),
      });
      this.#before = surroundings();
      this.#line.post({ kind: 'called' });
      const result = readResult(await handler.call(ctx));
      return { kind: 'returned', result, state: readState(ctx.state) };
    } catch (thrown) {
      return { kind: 'threw', error: toErrorData(thrown) };
    } finally {
      this.#progress.end();
    }
  }

  hear(message: ToWorker): void {
    if (message.kind === 'abort') this.#aborter.abort(fromErrorData(message.reason));
    else if (message.kind === 'answered') this.#calls.answered(message.id, message.value);
    else this.#calls.refused(message.id, fromErrorData(message.error));
  }

  warn(line: string): void {
    this.#lines.write('warn', line);
  }

  written(stream: OutputStream, line: string): void {
    this.#lines.write(stream === 'stdout' ? 'info' : 'warn', line, undefined, stream);
  }

  /**
   * A worker is used again after a call that ended well, heard no abort, flooded nothing, and left the worker as it found
   * it. After a failure too a new one is made: what failed may be something that the code keeps.
   */
  isClean(last: Ended): boolean {
    const endedWell = last.kind === 'returned' || last.error.kind === 'skip';
    if (!endedWell || this.#before === null || this.#aborter.signal.aborted) return false;
    return this.#lines.dropped === 0 && this.#calls.isIdle && isAsBefore(this.#before, surroundings());
  }

  end(last: LastWord): void {
    this.#progress.end();
    this.#line.post(last);
  }
}

interface Surroundings {
  /** What keeps the worker awake: timers, sockets, open requests. */
  resources: readonly string[];
  variables: number;
  cwd: string;
  catchers: number;
}

function surroundings(): Surroundings {
  return {
    resources: process.getActiveResourcesInfo(),
    variables: variableChanges(),
    cwd: process.cwd(),
    catchers: process.listenerCount('uncaughtException'),
  };
}

function isAsBefore(before: Surroundings, after: Surroundings): boolean {
  const left = [...after.resources];
  for (const each of before.resources) {
    const at = left.indexOf(each);
    if (at >= 0) left.splice(at, 1);
  }
  const heap = getHeapStatistics();
  return (
    left.length === 0 &&
    after.variables === before.variables &&
    after.cwd === before.cwd &&
    after.catchers === before.catchers &&
    heap.used_heap_size + heap.external_memory <= LARGEST_AT_REST_BYTES
  );
}

/** The handler of a job's code; explains what keeps it from loading. */
export async function loadCode(code: JobCode): Promise<Handler> {
  const exports = await importCode(code).catch((error) => {
    throw explainImportError(code.file, error);
  });
  return toHandler(code.file, exports.default, code.hash);
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}
