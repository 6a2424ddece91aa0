// Job files on their way into the service: each is loaded in a thread first, where it can block, exit or crash alone.

import { Worker } from 'node:worker_threads';
import { systemClock } from '#core/clock';
import { SchedulerError } from '#core/errors';
import { keepLoopsEndable } from '../isolation/endable.ts';
import { codeFiles, codeHash } from './module-versions.ts';

/** By name, so that it is found in a compiled package, too. */
const ENTRY = new URL(import.meta.resolve('#runs/handlers/probe-entry'));
/** From one file to the next; a machine under load needs seconds for what takes a fifth of one else. */
const LIMIT_MS = 10_000;

/** What the thread says: a file begins, or its import is over, well or with an error that an import elsewhere throws, too. */
export interface ProbeStep {
  file: string;
  isOver: boolean;
}

export class LoadProbe {
  readonly #trusted: readonly string[];
  /** Null = safe to load in the service. By file and content. */
  readonly #known = new Map<string, SchedulerError | null>();

  /** Files below `trusted` are not looked at: code that is known to load costs the start nothing. */
  constructor(trusted: readonly string[]) {
    this.#trusted = trusted;
  }

  /** Loads those of the files whose content is new in a thread, one after another. */
  async look(files: readonly string[]): Promise<void> {
    let left = files.filter((file) => !this.#isTrusted(file) && !this.#known.has(versionOf(file)));
    while (left.length > 0) left = await this.#lookAt(left);
  }

  /** Throws EXECUTION_ERROR for a file that does not finish loading, or ends its process while it does. */
  async whenSafe<T>(file: string, load: () => Promise<T>): Promise<T> {
    if (this.#isTrusted(file)) return await load();
    await this.look([file]);
    const fault = this.#known.get(versionOf(file));
    if (fault) throw fault;
    const loaded = await load();
    // With its imports, which are known from here on.
    this.#known.set(versionOf(file), null);
    return loaded;
  }

  #isTrusted(file: string): boolean {
    return this.#trusted.some((directory) => file.startsWith(`${directory}/`));
  }

  /** Answers the files that are still to be looked at: those behind one that took the thread with it. */
  async #lookAt(files: readonly string[]): Promise<string[]> {
    const { safe, fault } = await probe(files);
    for (const file of safe) this.#known.set(versionOf(file), null);
    const [culprit, ...left] = files.slice(safe.length);
    if (culprit === undefined) return [];
    this.#known.set(versionOf(culprit), faultOf(culprit, fault));
    return left;
  }
}

function versionOf(file: string): string {
  return `${file}?${codeHash(codeFiles(file))}`;
}

/** Files are loaded in their order; `fault` is what became of the one behind `safe`. */
async function probe(files: readonly string[]): Promise<{ safe: string[]; fault: unknown }> {
  keepLoopsEndable();
  const safe: string[] = [];
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const thread = new Worker(ENTRY, { workerData: files, execArgv: [], stdout: true, stderr: true });
  // What it prints is printed again when the service loads it.
  thread.stdout.resume();
  thread.stderr.resume();
  const limit = () => systemClock.timer(LIMIT_MS, () => resolve(OVER_TIME));
  let cancelLimit = limit();
  thread.on('message', ({ file, isOver }: ProbeStep) => {
    if (isOver) safe.push(file);
    cancelLimit();
    // What the files have started would keep the thread alive.
    if (safe.length === files.length) resolve(null);
    else cancelLimit = limit();
  });
  thread.on('error', resolve);
  thread.on('exit', (code) => resolve({ code }));
  const fault = await promise;
  cancelLimit();
  await thread.terminate();
  return { safe, fault };
}

const OVER_TIME = Symbol('over time');

/** Node's exit code where a top level waits for what can never come. */
const WAITS_FOR_EVER = 13;

function faultOf(file: string, fault: unknown): SchedulerError {
  const exit = (fault as { code?: unknown } | null)?.code;
  if (fault === OVER_TIME || exit === WAITS_FOR_EVER)
    return new SchedulerError(
      'EXECUTION_ERROR',
      `${file}: does not finish loading${exit === WAITS_FOR_EVER ? ', it waits for ever' : ` within ${LIMIT_MS / 1000} s`}`,
      'move what takes time, or waits, from the top level of the file into `run`',
    );
  if (typeof exit === 'number')
    return new SchedulerError(
      'EXECUTION_ERROR',
      `${file}: calls process.exit(${exit}) while it is loaded`,
      'take that out of the top level of the file',
    );
  const message = fault instanceof Error ? fault.message : String(fault);
  return new SchedulerError(
    'EXECUTION_ERROR',
    `${file}: throws where nobody can catch it while it is loaded: ${message.split('\n')[0]}`,
    'await what the top level of the file starts, or start it in `run`',
  );
}
