// The public class of the package: loads the scheduler when it is first asked, so that job code that imports the package does not.

import { SchedulerError } from '#core/errors';
import { type Handler, isDefinedJob, isHandlerName } from '#core/handler';
import type { EventType, Listener } from '#service/events';
import type {
  CleanupsApi,
  HandlerCode,
  JobsApi,
  PausesApi,
  RunsApi,
  SchedulerListener,
  SchedulerOptions,
  SimulationWish,
  StartOptions,
} from './api.ts';
import type { InstantInput } from './input.ts';
import { Life, type Loaded } from './life.ts';
import type { Opened } from './opened.ts';

/** Loads settings and opens their ledger. */
export type OpenLibrary = (options: SchedulerOptions, handlers: readonly Handler[]) => Promise<Loaded>;

/**
 * A scheduler inside of a program. Installs no signal handlers, never ends the process, reads no variables that it was
 * not given. Every method opens the ledger if it is not open; `stop` closes it. Everything that is refused is a
 * SchedulerError with `code` and `fix`.
 */
export class LibraryFace {
  readonly #life: Life;
  readonly jobs: JobsApi;
  readonly runs: RunsApi;
  readonly pauses: PausesApi;
  readonly cleanups: CleanupsApi;

  /** For other faces of the same scheduler. */
  static opened(face: LibraryFace): Promise<Opened> {
    return face.#life.opened();
  }

  constructor(options: SchedulerOptions, open: OpenLibrary) {
    const { signal, by = 'library' } = options;
    this.#life = new Life((handlers) => open(options, handlers), { by, signal });
    const opened = () => this.#life.opened();
    this.jobs = late(opened, 'jobs', ['create', 'update', 'delete', 'get', 'list', 'pause', 'resume', 'run']);
    this.runs = late(opened, 'runs', ['list', 'get', 'start', 'wait', 'cancel', 'rerun', 'backfill']);
    this.pauses = late(opened, 'pauses', ['list', 'pause', 'resume']);
    this.cleanups = late(opened, 'cleanups', ['list', 'get', 'register', 'update', 'remove', 'run']);
  }

  /** True from `start` until `stop` is over. */
  get isStarted(): boolean {
    return this.#life.isStarted;
  }

  /**
   * Makes a function, or what `defineJob` answers, the handler of that name, now or while the service is up; one of the
   * name is replaced. It runs in this thread: code that blocks it stops the scheduler meanwhile, and cannot be ended at
   * its time limit. Functions are not kept: register them before `start`, or the slots of their jobs are skipped.
   */
  registerHandler(name: string, code: HandlerCode): void {
    this.#life.register(handlerOf(name, code));
  }

  /** Resolves when the first slots are decided. Throws CONFLICT where another service holds the state directory. */
  start(options?: StartOptions): Promise<void> {
    return this.#life.start(options);
  }

  /** Admits nothing new, lets runs end, aborts those that do not, records all of it, closes the ledger (rule 23). */
  stop(): Promise<void> {
    return this.#life.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /**
   * Calls `listener` after each commit of this process that the event is about, in their order, until the answer is
   * called or `signal` aborts. `*` = every event. What a listener throws is logged and harms nothing.
   */
  on<T extends EventType>(
    type: T | '*',
    listener: SchedulerListener<T>,
    { signal }: { signal?: AbortSignal } = {},
  ): () => void {
    return this.#life.on(type, listener as unknown as Listener, signal);
  }

  /** The same jobs in the words of the event scheduler; what `EventScheduler` stands on. */
  async asEvents(): Promise<Opened['events']> {
    return (await this.#life.opened()).events;
  }

  /** The same jobs in the words of the task scheduler; what `TaskScheduler` stands on. */
  async asTasks(): Promise<Opened['tasks']> {
    return (await this.#life.opened()).tasks;
  }

  /** The next planned slots of one job, or of all, ascending; 10 unless told otherwise. */
  async next(query?: { job?: string; count?: number }) {
    return (await this.#life.opened()).next(query);
  }

  /** What became of a job at an instant, and what was before and after. */
  async why(job: string, at: InstantInput) {
    return (await this.#life.opened()).why(job, at);
  }

  /** What would run, be skipped and missed in a stretch of time: from now for a day, unless told otherwise. */
  async simulate(wish?: SimulationWish) {
    return (await this.#life.opened()).simulate(wish);
  }

  /** What a schedule means and when it fires, or what is wrong with it. */
  async validate(expression: string, timezone?: string) {
    return (await this.#life.opened()).validate(expression, timezone);
  }

  /** How many jobs there are, how often they ran, how well and how long. */
  async stats() {
    return (await this.#life.opened()).stats();
  }

  /** Is it up, what is paused and by whom, what runs, what is wrong. */
  async status() {
    return (await this.#life.opened()).status();
  }
}

/** Functions of the same names that open the ledger first. */
function late<K extends 'jobs' | 'runs' | 'pauses' | 'cleanups'>(
  opened: () => Promise<Opened>,
  part: K,
  names: readonly (keyof Opened[K])[],
): Opened[K] {
  const call =
    (name: keyof Opened[K]) =>
    async (...args: never[]) =>
      await ((await opened())[part][name] as (...args: never[]) => unknown)(...args);
  return Object.fromEntries(names.map((name) => [name, call(name)])) as unknown as Opened[K];
}

function handlerOf(name: string, code: HandlerCode): Handler {
  if (!isHandlerName(name))
    throw new SchedulerError(
      'INVALID_PARAMETERS',
      `"${name}" is no handler name`,
      'use 1 to 100 letters, digits, _ . : or -',
    );
  const run = typeof code === 'function' ? code : code?.run;
  if (typeof run !== 'function')
    throw new SchedulerError(
      'INVALID_PARAMETERS',
      `handler ${name} is no code`,
      'give a function, or defineJob({ run(ctx) { … } })',
    );
  const { description = null, defaults = {}, input = null } = typeof code === 'function' ? {} : code;
  return {
    info: { name, description, defaults, input, file: null },
    codeHash: null,
    call: async (ctx) => await (isDefinedJob(code) ? code.run(ctx as never) : run(ctx as never)),
  };
}
