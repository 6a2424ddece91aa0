// The life of a scheduler inside of somebody's program: opened when it is first asked, started, stopped; never the process.

import { SchedulerError } from '#core/errors';
import type { Handler } from '#core/handler';
import type { Log } from '#core/log';
import { type EventType, type Listener, refuseUnknown } from '#service/events';
import type { Installation } from '#service/host';
import type { StartOptions } from './api.ts';
import type { Opened } from './opened.ts';

/** A ledger that is open, and where its lines go. */
export interface Loaded {
  opened: Opened;
  log: Log;
}

interface Serving {
  stop: AbortController;
  ended: Promise<void>;
}

interface Heard {
  type: EventType | '*';
  listener: Listener;
}

export class Life {
  readonly #load: (handlers: readonly Handler[]) => Promise<Loaded>;
  readonly #by: string;
  readonly #signal: AbortSignal | undefined;
  readonly #handlers = new Map<string, Handler>();
  readonly #heard = new Set<Heard>();
  #loaded: Promise<Loaded> | null = null;
  #serving: Serving | null = null;
  #stopping: Promise<void> | null = null;
  #installation: Installation | null = null;

  constructor(
    load: (handlers: readonly Handler[]) => Promise<Loaded>,
    { by, signal }: { by: string; signal: AbortSignal | undefined },
  ) {
    this.#load = load;
    this.#by = by;
    this.#signal = signal;
    signal?.addEventListener('abort', () => void this.stop(), { once: true });
  }

  get isStarted(): boolean {
    return this.#serving !== null;
  }

  register(handler: Handler): void {
    this.#handlers.set(handler.info.name, handler);
    this.#installation?.register(handler);
  }

  /** Also before the ledger is open, and through stops and starts. */
  on(type: EventType | '*', listener: Listener, signal?: AbortSignal): () => void {
    refuseUnknown(type);
    const heard = { type, listener };
    const off = () => {
      this.#heard.delete(heard);
      this.#installation?.events.off(type, listener);
    };
    if (signal?.aborted) return off;
    this.#heard.add(heard);
    this.#installation?.events.on(type, listener);
    signal?.addEventListener('abort', off, { once: true });
    return off;
  }

  /** Throws what is wrong with the settings, each fault with its place. */
  async opened(): Promise<Opened> {
    await this.#stopping;
    return (await this.#open()).opened;
  }

  async #open(): Promise<Loaded> {
    this.#loaded ??= this.#load([...this.#handlers.values()]).then(
      (loaded) => {
        const { installation } = loaded.opened;
        this.#installation = installation;
        // Those that were registered while it was opened.
        for (const handler of this.#handlers.values()) installation.register(handler);
        for (const { type, listener } of this.#heard) installation.events.on(type, listener);
        return loaded;
      },
      (error: unknown) => {
        this.#loaded = null;
        throw error;
      },
    );
    return await this.#loaded;
  }

  /** Resolves when the first slots are decided. Throws CONFLICT where another service holds the state directory. */
  async start({ paused = false, acceptClock = false }: StartOptions = {}): Promise<void> {
    if (this.#signal?.aborted)
      throw new SchedulerError(
        'NOT_INITIALIZED',
        'the signal of this scheduler has aborted',
        'make a new one',
      );
    if (this.#serving)
      throw new SchedulerError(
        'CONFLICT',
        'this scheduler is started already',
        'stop it before it starts again',
      );
    const stop = new AbortController();
    const { promise: up, resolve: onUp } = Promise.withResolvers<void>();
    const ended = this.opened().then(({ installation }) =>
      installation.serve({
        ...{ paused, acceptClock, by: this.#by, signal: stop.signal },
        onUp: () => onUp(),
        onHangup: () => {},
      }),
    );
    this.#serving = { stop, ended };
    try {
      await Promise.race([up, ended]);
    } catch (error) {
      this.#serving = null;
      await this.stop();
      throw error;
    }
    ended.catch((error: unknown) => void this.#tell(error));
  }

  async #tell(error: unknown): Promise<void> {
    const { log } = await this.#open();
    log.at('library.serve').error('the scheduler has ended by a fault', { error: String(error) });
  }

  /** Drains, aborts, records, closes the ledger (rule 23). Resolves when all of it is over; again is no error. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = null;
    });
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const serving = this.#serving;
    serving?.stop.abort();
    // What it ended by is told to whoever started it.
    await serving?.ended.catch(() => {});
    this.#serving = null;
    const loaded = await this.#loaded?.catch(() => null);
    this.#loaded = null;
    this.#installation = null;
    await loaded?.opened.installation.close();
  }
}
