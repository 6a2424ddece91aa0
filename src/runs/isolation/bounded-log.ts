// The log of a job in its worker: lines go to the service as fast as it takes them, a flood is counted and dropped.

import { inspect } from 'node:util';
import type { Clock } from '#core/clock';
import { toErrorRecord } from '#core/errors';
import type { OutputStream } from '#core/run-log';
import type { LogLevel } from './messages.ts';

export interface BoundedLogOptions {
  clock: Pick<Clock, 'monotonic'>;
  /** Lines that the service has taken so far. */
  taken(): number;
  /** So many lines are dropped by now. */
  onDropped(lines: number): void;
  post(line: { level: LogLevel; message: string; fields: object; stream: OutputStream | null }): void;
}

/** Lines on the way that the service has not taken: it handles so many in a few milliseconds. */
const MOST_ON_THE_WAY = 500;
/** So many lines at once, and then so many a second. */
const BURST = 2_000;
const A_SECOND = 100;
const LONGEST_MESSAGE = 8_192;
const LARGEST_FIELDS = 16_384;
const MOST_COUNTED = 2 ** 31 - 1;

/** Lines that are dropped cost next to nothing here and nothing at all in the service, which reads their number at the end. */
export class BoundedLog {
  readonly #options: BoundedLogOptions;
  #sent = 0;
  #dropped = 0;
  #tokens = BURST;
  #filledAt: number;

  constructor(options: BoundedLogOptions) {
    this.#options = options;
    this.#filledAt = options.clock.monotonic();
  }

  /** Lines that nobody will read. */
  get dropped(): number {
    return this.#dropped;
  }

  /** `stream` = what the job wrote there by itself. */
  write(level: LogLevel, message: unknown, fields?: unknown, stream: OutputStream | null = null): void {
    if (!this.#mayPass()) {
      this.#dropped = Math.min(this.#dropped + 1, MOST_COUNTED);
      this.#options.onDropped(this.#dropped);
      return;
    }
    this.#sent++;
    this.#options.post({ level, message: shortened(textOf(message)), fields: plainFields(fields), stream });
  }

  #mayPass(): boolean {
    const { clock, taken } = this.#options;
    if (this.#sent - taken() >= MOST_ON_THE_WAY) return false;
    if (this.#tokens < 1) {
      const now = clock.monotonic();
      this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#filledAt) / 1000) * A_SECOND);
      this.#filledAt = now;
    }
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  try {
    return inspect(message, { depth: 2, breakLength: Infinity });
  } catch {
    return typeof message;
  }
}

function shortened(text: string): string {
  return text.length <= LONGEST_MESSAGE
    ? text
    : `${text.slice(0, LONGEST_MESSAGE)}… (${text.length} characters)`;
}

/** What JSON can hold of the fields; never throws. An error keeps its message and stack. */
function plainFields(fields: unknown): object {
  if (fields === undefined || fields === null) return {};
  try {
    const text = JSON.stringify(typeof fields === 'object' ? fields : { value: fields }, plainValue) ?? '{}';
    if (text.length > LARGEST_FIELDS)
      return { fields: `${text.slice(0, 1_000)}… (${text.length} characters)` };
    const plain: unknown = JSON.parse(text);
    return typeof plain === 'object' && plain !== null ? plain : { value: plain };
  } catch (error) {
    return { fields: `not JSON: ${toErrorRecord(error).message}` };
  }
}

function plainValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (!(value instanceof Error)) return value;
  return { ...value, name: value.name, message: value.message, stack: value.stack };
}
