// One call of the command line: asks the service over HTTP or opens the ledger, prints the answer, closes what it opened.

import { SchedulerError } from '#core/errors';
import type { Host, HostOptions, Installation } from '#service/host';
import { readToken } from '../http/token-file.ts';
import { type OperationContext, perform } from '../operations/operation.ts';
import { OPERATIONS } from '../operations/table.ts';
import { EXIT, faultsText, SettingsRefused, usageError } from './exit.ts';
import { type CliIo, widthOf } from './io.ts';
import { Remote } from './remote.ts';
import { printable } from './text.ts';

/** What a command answers: one value for programs, the same as text for people. */
export interface Answer {
  data: unknown;
  /** Lines, each ended. */
  text: string;
  /** Lines for stderr, only where `text` is shown: what is wrong with what was asked about. */
  aside?: string;
  /** Else 0, or 78 where the answer is from the ledger alone because the settings do not hold. */
  exit?: number;
}

export interface GlobalOptions {
  settings?: string;
  state?: string;
  format: 'table' | 'json';
  json?: boolean;
  url?: string;
  token?: string;
}

export interface AskOptions {
  /** Where the settings have faults nothing is done, although the ledger alone would do. */
  strict?: true;
  onProgress?: OperationContext['onProgress'];
}

export class Session {
  readonly io: CliIo;
  readonly #options: GlobalOptions;
  #installation: Installation | null = null;
  #remote: Promise<Remote | null> | null = null;
  /** Settings and all. */
  #isSound = false;
  /** The settings have faults and no service is up: what was answered is not what would run. */
  #isStranded = false;

  constructor(io: CliIo, options: GlobalOptions) {
    this.io = io;
    this.#options = options;
  }

  get isJson(): boolean {
    return this.#options.json === true || this.#options.format === 'json';
  }

  /** Columns that the answer may take. */
  get width(): number {
    return widthOf(this.io.stdout);
  }

  /** Who did it, as ledger and pauses name it. */
  get by(): string {
    return `cli:${this.io.user}`;
  }

  get host(): Host {
    return this.io.host;
  }

  get places(): HostOptions {
    const { settings, state } = this.#options;
    return { ...(settings !== undefined && { settings }), ...(state !== undefined && { state }) };
  }

  /** The service that is asked over HTTP; null = the ledger is worked on. `--url` never falls back (ENGINE_UNAVAILABLE). */
  remote(): Promise<Remote | null> {
    this.#remote ??= this.#reach();
    return this.#remote;
  }

  /** The service of this state directory, at the address of the settings. Throws NOT_INITIALIZED, ENGINE_UNAVAILABLE. */
  async besideService(): Promise<Remote> {
    const installation = await this.openToLook();
    if (!installation.isServed)
      throw new SchedulerError(
        'NOT_INITIALIZED',
        'no service is up',
        'the next start reads the settings anew',
      );
    const { host, port } = installation.settings.server;
    const isWildcard = host === '0.0.0.0' || host === '::';
    const name = isWildcard ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host;
    return this.#at(`http://${name}:${port}`);
  }

  /** For what only the machine of the ledger can do. */
  refuseUrl(command: string): void {
    if (this.#options.url === undefined) return;
    throw usageError(`${command} works on the state directory, not over HTTP`, 'leave --url out');
  }

  /** Performs an operation of the table, over HTTP or on the ledger. Throws what it throws, SettingsRefused. */
  async ask<T>(name: string, input: object = {}, { strict, onProgress }: AskOptions = {}): Promise<T> {
    const remote = await this.remote();
    if (remote) return (await remote.ask(name, input)) as T;
    const operation = OPERATIONS.get(name)!;
    const installation = await (strict ? this.open() : this.openToLook());
    // An id of the settings file is taken, also where no service has read the file yet.
    if (operation.effect !== 'read') await installation.prepareWrite();
    const { clock, signal } = this.io;
    const context = { installation, clock, by: this.by, signal, ...(onProgress && { onProgress }) };
    return (await perform(operation, context, input)) as T;
  }

  /** Settings and ledger. Throws SettingsRefused with every fault. */
  async open(): Promise<Installation> {
    if (this.#installation && this.#isSound) return this.#installation;
    const loaded = await this.io.host.load(this.places);
    if (loaded.kind === 'faults') throw new SettingsRefused(loaded.faults);
    this.#isSound = true;
    return this.#keep(loaded.installation);
  }

  /**
   * As `open`, but where the settings have faults the ledger alone will do: somebody who looks for the cause, or has
   * to pause a service that goes on with its last good settings, is not locked out. The faults go to stderr.
   */
  async openToLook(): Promise<Installation> {
    if (this.#installation) return this.#installation;
    const loaded = await this.io.host.load(this.places);
    if (loaded.kind === 'ok') {
      this.#isSound = true;
      return this.#keep(loaded.installation);
    }
    const ledger = await loaded.ledger();
    if (!ledger) throw new SettingsRefused(loaded.faults);
    this.#keep(ledger);
    this.#isStranded = (await ledger.status()).state === 'stopped';
    if (!this.isJson) this.io.stderr.write(faultsText(loaded.faults));
    return ledger;
  }

  /** What holds, or null: for commands that can do without. */
  async openIfThere(): Promise<Installation | null> {
    const loaded = await this.io.host.load(this.places);
    return loaded.kind === 'ok' ? this.#keep(loaded.installation) : null;
  }

  /** Prints the answer and gives the exit code. */
  finish(answer: Answer): number {
    this.#print(answer);
    return answer.exit ?? (this.#isStranded ? EXIT.configuration : EXIT.ok);
  }

  async #reach(): Promise<Remote | null> {
    const { url: only } = this.#options;
    const url = only ?? this.io.service.url;
    if (url === null) return null;
    const remote = this.#at(url);
    return only !== undefined || (await remote.answers()) ? remote : null;
  }

  #at(url: string): Remote {
    const { io, places } = this;
    const { token = io.service.token } = this.#options;
    const keptToken = async () => await readToken((await io.host.keeping.place(places)).stateDir);
    return new Remote({ url, token, keptToken, clock: io.clock, signal: io.signal });
  }

  #keep(installation: Installation): Installation {
    this.#installation = installation;
    return installation;
  }

  #print(answer: Answer): void {
    if (this.isJson) {
      this.io.stdout.write(`${JSON.stringify(answer.data, null, 2)}\n`);
      return;
    }
    this.io.stdout.write(printable(answer.text));
    if (answer.aside) this.io.stderr.write(printable(answer.aside));
  }

  /** Of the same command, reading everything anew. */
  another(): Session {
    return new Session(this.io, this.#options);
  }

  /** Lets go of the ledger; what is asked next opens it again. */
  async close(): Promise<void> {
    const installation = this.#installation;
    this.#installation = null;
    this.#isSound = false;
    await installation?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
