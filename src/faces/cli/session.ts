// One call of the command line: opens the installation when a command needs it, prints the answer, closes what it opened.

import type { Host, HostOptions, Installation } from '#service/host';
import { SettingsRefused } from './exit.ts';
import { type CliIo, widthOf } from './io.ts';
import { printable } from './text.ts';

/** What a command answers: one value for programs, the same as text for people. */
export interface Answer {
  data: unknown;
  /** Lines, each ended. */
  text: string;
  /** Lines for stderr, only where `text` is shown: what is wrong with what was asked about. */
  aside?: string;
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
    this.#installation = loaded.installation;
    return loaded.installation;
  }

  /** As `open`, with the ledger's jobs as the settings say: for commands that write. */
  async openToWrite(): Promise<Installation> {
    const installation = await this.open();
    await installation.prepareWrite();
    return installation;
  }

  print(answer: Answer): void {
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
