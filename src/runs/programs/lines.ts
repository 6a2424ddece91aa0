// Bytes that a program writes in, lines out; a flood is counted and passed over, because reading it would cost the service.

import { StringDecoder } from 'node:string_decoder';
import type { Clock } from '#core/clock';

/** A line without end is passed on in pieces of this many characters. */
const LONGEST_LINE = 8_192;
/** So much is read at once, and then so much a second. */
const BURST_BYTES = 4 * 1024 * 1024;
const BYTES_A_SECOND = 1024 * 1024;

export class ProgramLines {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #onLine: (line: string) => void;
  #decoder = new StringDecoder('utf8');
  #rest = '';
  #tokens = BURST_BYTES;
  #filledAt: number;
  #passedOver = 0;
  /** The newest of what was not read: if nothing follows, it is the last that the program said. */
  #held: Buffer | null = null;
  /** Lines that were passed on. */
  count = 0;

  constructor(clock: Pick<Clock, 'monotonic'>, onLine: (line: string) => void) {
    this.#clock = clock;
    this.#onLine = onLine;
    this.#filledAt = clock.monotonic();
  }

  take(chunk: Buffer): void {
    if (!this.#mayRead(chunk.length)) {
      this.#passedOver += this.#held?.length ?? 0;
      this.#held = chunk;
      return;
    }
    this.#resume();
    this.#read(chunk);
  }

  /** Passes on what has no line end yet. */
  end(): void {
    this.#resume();
    this.#rest += this.#decoder.end();
    if (this.#rest !== '') this.#pass(this.#rest);
    this.#rest = '';
  }

  #mayRead(bytes: number): boolean {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(BURST_BYTES, this.#tokens + ((now - this.#filledAt) / 1000) * BYTES_A_SECOND);
    this.#filledAt = now;
    if (this.#tokens < bytes) return false;
    this.#tokens -= bytes;
    return true;
  }

  #resume(): void {
    if (this.#held === null) return;
    const held = this.#held;
    this.#held = null;
    if (this.#passedOver > 0) {
      // What was read and what was held do not touch: neither does a line of theirs.
      if (this.#rest !== '') this.#pass(this.#rest);
      this.#rest = '';
      this.#decoder = new StringDecoder('utf8');
      this.#onLine(`… ${this.#passedOver} bytes were passed over: too much at once`);
      this.#passedOver = 0;
    }
    this.#read(held);
  }

  #read(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#pass(line.replace(/\r$/, ''));
    for (; this.#rest.length > LONGEST_LINE; this.#rest = this.#rest.slice(LONGEST_LINE))
      this.#pass(this.#rest.slice(0, LONGEST_LINE));
  }

  #pass(line: string): void {
    this.count++;
    this.#onLine(line);
  }
}
