// A process that serves the calls of one job, under Node's permission model and in a group of its own that is killed as one.

import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Clock, sleep } from '#core/clock';
import { SchedulerError } from '#core/errors';
import type { JobCode } from '#core/handler';
import type { Child, ChildWatch } from '../call.ts';
import type { JobWorker, WorkerLine } from './job-worker.ts';
import { MEMORY_LOOK_MS, overMemory } from './memory.ts';
import type { CallStart, FromProcess, FromWorker, ToProcess, ToWorker } from './messages.ts';
import { factsOf, groupOf, isGroupAlive, killGroup } from './process-table.ts';
import { RawOutput } from './raw-output.ts';
import { exited } from './thread-worker.ts';

export interface ProcessOptions {
  clock: Clock;
  job: string;
  code: JobCode;
  environment: Readonly<Record<string, string>>;
  withheld: readonly string[];
  /** Of Node's permission model. */
  flags: readonly string[];
  /** It may start others: they are looked for in its group. */
  mayFork: boolean;
  /** Resident, of the whole group. */
  maxMemoryMb: number;
  /** A crash of the service leaves no process that is not known. */
  watch: ChildWatch;
}

/** By name, so that it is found in a compiled package, too. */
const ENTRY = fileURLToPath(import.meta.resolve('#runs/isolation/process-entry'));
const MB = 1_048_576;
/** Node itself takes more than half of it. */
const LEAST_MB = 96;
/** Nobody who forks so much means it. */
const MOST_IN_GROUP = 256;
/** Behind the service and its threads for the processor, before them when the kernel looks for memory to take back. */
const NICENESS = 5;
const OOM_SCORE = '800';
/** Between two looks whether a killed group is gone; the kernel is done in a moment. */
const GONE_LOOK_MS = 20;

export class ProcessWorker implements JobWorker {
  readonly kind = 'process';
  readonly gone: Promise<unknown>;
  readonly #options: ProcessOptions;
  readonly #child: ChildProcess;
  /** Null = it could not be made. */
  readonly #identity: Child | null;
  readonly #raw: RawOutput;
  /** Its code may be sent. */
  readonly #begun: Promise<void>;
  #calls = 0;
  #take: ((n: number, message: FromProcess) => void) | null = null;
  #failure: unknown = null;
  #isEnded = false;
  #cancelLook: () => void = () => {};

  constructor(options: ProcessOptions) {
    this.#options = options;
    const { flags, environment, maxMemoryMb } = options;
    this.#child = fork(ENTRY, [], {
      execArgv: [...flags, `--max-old-space-size=${Math.max(maxMemoryMb, LEAST_MB)}`],
      env: { ...environment },
      detached: true,
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const { pid } = this.#child;
    this.#identity = pid === undefined ? null : { pid, group: pid, started: factsOf(pid)?.started ?? '' };
    this.#raw = new RawOutput(this.#child.stdout!, this.#child.stderr!);
    this.#child.on('error', (error) => {
      this.#failure ??= error;
    });
    this.#child.on('message', (message: FromProcess) => this.#take?.(message.n, message));
    this.gone = this.#over();
    this.#begun = this.#begin();
  }

  begin(start: CallStart, { isPaused, take }: Parameters<JobWorker['begin']>[1]): WorkerLine {
    const n = ++this.#calls;
    const line = new ProcessLine(
      n,
      take,
      (message) => this.#send(message),
      () => this.#rest(),
    );
    // What cannot be cloned is said here, as with a thread.
    structuredClone(start);
    this.#take = (of, message) => of === n && line.heard(message);
    this.#raw.listen(take);
    void this.#begun.then(() => this.#send({ kind: 'begin', n, start, isPaused }));
    this.#watchMemory();
    return line;
  }

  end(): void {
    this.#isEnded = true;
    if (this.#identity !== null) killGroup(this.#identity.group);
  }

  async #begin(): Promise<void> {
    const { job, code, withheld, watch } = this.#options;
    if (this.#identity === null) return;
    yieldTo(this.#identity.pid);
    try {
      await watch.onBegun(this.#identity, job);
      this.#send({ kind: 'code', code, withheld });
    } catch (error) {
      this.#failure ??= error;
      this.end();
    }
  }

  #send(message: ToProcess): void {
    // A process that is gone is told by its end.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  #rest(): void {
    this.#cancelLook();
    this.#take = null;
    this.#raw.listen(null);
  }

  #watchMemory(): void {
    const { clock, maxMemoryMb, mayFork } = this.#options;
    this.#cancelLook();
    this.#cancelLook = clock.timer(MEMORY_LOOK_MS, () => {
      if (this.#identity === null || this.#isEnded) return;
      const { pid } = this.#identity;
      const own = factsOf(pid);
      const all = (mayFork ? groupOf(pid) : null) ?? (own ? [own] : []);
      const usedMb = all.reduce((sum, { residentBytes }) => sum + residentBytes, 0) / MB;
      if (usedMb > Math.max(maxMemoryMb, LEAST_MB)) this.#failure ??= overMemory('process', maxMemoryMb);
      if (all.length > MOST_IN_GROUP) this.#failure ??= tooMany(all.length);
      if (this.#failure !== null) this.end();
      else this.#watchMemory();
    });
  }

  /** The leader's exit, then the end of whatever it has started. */
  async #over(): Promise<unknown> {
    const { clock, mayFork, watch } = this.#options;
    const { promise, resolve } = Promise.withResolvers<{ code: number | null; signal: string | null }>();
    this.#child.once('exit', (code, signal) => resolve({ code, signal }));
    // It could not be made: there is no exit to wait for.
    this.#child.once('error', () => this.#identity === null && resolve({ code: null, signal: null }));
    const how = await promise;
    this.#cancelLook();
    if (this.#identity !== null) {
      const { group } = this.#identity;
      killGroup(group);
      while (mayFork && isGroupAlive(group)) {
        await sleep(clock, GONE_LOOK_MS);
        killGroup(group);
      }
      // What it said last is on its way.
      if (this.#child.connected) await new Promise((done) => this.#child.once('disconnect', done));
      await watch.onGone(this.#identity).catch(() => {});
    }
    return this.#reasonOf(how);
  }

  /** It said nothing and is gone. */
  #reasonOf({ code, signal }: { code: number | null; signal: string | null }): unknown {
    const { maxMemoryMb } = this.#options;
    if (this.#failure !== null) return this.#failure;
    if (this.#isEnded) return new SchedulerError('EXECUTION_ERROR', "the job's process was ended");
    if (this.#raw.tail.includes('heap out of memory')) return overMemory('process', maxMemoryMb);
    if (code !== null) return exited(code);
    return new SchedulerError(
      'EXECUTION_ERROR',
      `the job's process was killed by ${signal}`,
      signal === 'SIGKILL' ? 'if nobody did that, the machine ran out of memory: set max_memory_mb' : null,
    );
  }
}

class ProcessLine implements WorkerLine {
  readonly #n: number;
  readonly #take: (message: FromWorker) => void;
  readonly #send: (message: ToProcess) => void;
  readonly #onClose: () => void;
  #taken = 0;
  #dropped = 0;

  constructor(
    n: number,
    take: (message: FromWorker) => void,
    send: (message: ToProcess) => void,
    onClose: () => void,
  ) {
    this.#n = n;
    this.#take = take;
    this.#send = send;
    this.#onClose = onClose;
  }

  heard(message: FromProcess): void {
    if (message.kind === 'dropped') this.#dropped = message.lines;
    else this.#take(message.message);
  }

  say(message: ToWorker): void {
    this.#send({ kind: 'say', n: this.#n, message });
  }

  setPaused(isPaused: boolean): void {
    this.#send({ kind: 'paused', n: this.#n, isPaused });
  }

  took(): void {
    if (++this.#taken % TAKEN_STEP === 0) this.#send({ kind: 'taken', n: this.#n, lines: this.#taken });
  }

  dropped(): number {
    return this.#dropped;
  }

  close(): void {
    this.#onClose();
  }
}

/** A word to the process for so many lines: one for each would be as many again. */
const TAKEN_STEP = 100;

function tooMany(count: number): SchedulerError {
  return new SchedulerError(
    'EXECUTION_ERROR',
    `the job has started ${count} processes that are alive at once`,
    'wait for some before starting more',
  );
}

/** As far as the system lets us: where it does not, the job runs all the same. */
function yieldTo(pid: number): void {
  for (const step of [
    () => setPriority(pid, NICENESS),
    () => writeFileSync(`/proc/${pid}/oom_score_adj`, OOM_SCORE),
  ]) {
    try {
      step();
    } catch {}
  }
}
