// The thread of one call: loads the job's code, builds its `ctx`, calls it, and tells the service how it ended.

import { workerData } from 'node:worker_threads';
import { systemClock } from '#core/clock';
import type { Handler, JobLog } from '#core/handler';
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
import { type FromThread, SHARED, type ThreadStart, type ToThread } from './messages.ts';

const { port, code, data, input, shared: memory } = workerData as ThreadStart;
const shared = new Int32Array(memory);
const post = (message: FromThread) => port.postMessage(message);
const aborter = new AbortController();
const lines = new BoundedLog({ clock: systemClock, shared, post: (line) => post({ kind: 'log', ...line }) });
const progress = new LatestProgress(systemClock, (latest) => post({ kind: 'progress', progress: latest }));
const calls = new CallQueue((request) => post({ kind: 'call', ...request }));
const flushes = [
  captureOutput(process.stdout, (line) => lines.write('info', line, undefined, 'stdout')),
  captureOutput(process.stderr, (line) => lines.write('warn', line, undefined, 'stderr')),
];

// The listener keeps the thread alive as well: a handler that waits for nothing is ended by the service, not by chance.
port.on('message', (message: ToThread) => {
  if (message.kind === 'abort') aborter.abort(fromErrorData(message.reason));
  else if (message.kind === 'answered') calls.answered(message.id, message.value);
  else calls.refused(message.id, fromErrorData(message.error));
});
// A rejection that nobody awaits arrives here, too.
process.on('uncaughtException', (thrown) => end({ kind: 'threw', error: toErrorData(thrown) }));

const ended = await run();
// What the handler left in the air in this turn (a rejection that nobody awaits) is its failure as well.
setImmediate(() => end(ended));

async function run(): Promise<FromThread> {
  try {
    deepFreeze(data.config);
    const handler = await load();
    const ctx = createContext(data, checkedInput(handler.info, input), {
      signal: aborter.signal,
      log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
      clock: systemClock,
      paused: () => Atomics.load(shared, SHARED.paused) === 1,
      onProgress: (latest) => progress.report(latest),
      call: (operation, args) => calls.ask(operation, args),
    });
    post({ kind: 'called' });
    const result = readResult(await handler.call(ctx));
    return { kind: 'returned', result, state: readState(ctx.state) };
  } catch (thrown) {
    return { kind: 'threw', error: toErrorData(thrown) };
  }
}

async function load(): Promise<Handler> {
  const exports = await importCode(code).catch((error) => {
    throw explainImportError(code.file, error);
  });
  return toHandler(code.file, exports.default, code.hash);
}

/** The service ends the thread when it hears this. */
function end(how: FromThread): void {
  for (const flush of flushes) flush();
  progress.flush();
  post(how);
}

function line(level: keyof JobLog): JobLog[keyof JobLog] {
  return (message, fields) => lines.write(level, message, fields);
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}
