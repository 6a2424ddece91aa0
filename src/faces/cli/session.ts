// One call of the command line: opens the installation when a command needs it, prints the answer, closes what it opened.

import type { Host, HostOptions, Installation } from '#service/host';
import { EXIT, faultsText, SettingsRefused } from './exit.ts';
import { type CliIo, widthOf } from './io.ts';
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
}

export class Session {
  readonly io: CliIo;
  readonly #options: GlobalOptions;
  #installation: Installation | null = null;
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

  /** Settings and ledger. Throws SettingsRefused with every fault. */
  async open(): Promise<Installation> {
    const loaded = await this.io.host.load(this.places);
    if (loaded.kind === 'faults') throw new SettingsRefused(loaded.faults);
    return this.#keep(loaded.installation);
  }

  /**
   * As `open`, but where the settings have faults the ledger alone will do: somebody who looks for the cause, or has
   * to pause a service that goes on with its last good settings, is not locked out. The faults go to stderr.
   */
  async openToLook(): Promise<Installation> {
    const loaded = await this.io.host.load(this.places);
    if (loaded.kind === 'ok') return this.#keep(loaded.installation);
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

  /** As `openToLook`, with the ledger's jobs as the settings say: for commands that write. */
  async openToWrite(): Promise<Installation> {
    const installation = await this.openToLook();
    await installation.prepareWrite();
    return installation;
  }

  /** Prints the answer and gives the exit code. */
  finish(answer: Answer): number {
    this.#print(answer);
    return answer.exit ?? (this.#isStranded ? EXIT.configuration : EXIT.ok);
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

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#installation?.close();
  }
}
