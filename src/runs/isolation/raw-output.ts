// What a job's process writes past its own stdout and stderr (descriptors, programs it starts, V8): lines, up to a limit.

import { StringDecoder } from 'node:string_decoder';
import type { OutputStream } from '#core/run-log';
import type { FromWorker } from './messages.ts';

/** Of one call; what comes after is read and forgotten, so that who writes does not block. */
const MOST_BYTES = 262_144;
const LONGEST_LINE = 8_192;
const TAIL = 4_096;

type Take = (message: FromWorker) => void;

export class RawOutput {
  #take: Take | null = null;
  #left = 0;
  #tail = '';
  readonly #rests = { stdout: '', stderr: '' };

  constructor(stdout: NodeJS.ReadableStream, stderr: NodeJS.ReadableStream) {
    this.#read(stdout, 'stdout');
    this.#read(stderr, 'stderr');
  }

  /** The last that was written to stderr: why a process died. */
  get tail(): string {
    return this.#tail;
  }

  /** Who hears the lines from now on. */
  listen(take: Take | null): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      if (this.#rests[stream] !== '') this.#say(stream, this.#rests[stream]);
    }
    Object.assign(this.#rests, { stdout: '', stderr: '' });
    this.#take = take;
    this.#left = MOST_BYTES;
  }

  #read(stream: NodeJS.ReadableStream, of: OutputStream): void {
    const decoder = new StringDecoder('utf8');
    stream.on('data', (chunk: Buffer) => {
      if (of === 'stderr') this.#tail = `${this.#tail}${chunk.toString('latin1')}`.slice(-TAIL);
      if (this.#take === null || this.#left <= 0) return;
      const lines = (this.#rests[of] + decoder.write(chunk.subarray(0, this.#left))).split('\n');
      this.#rests[of] = lines.pop()!.slice(-LONGEST_LINE);
      this.#left -= chunk.length;
      for (const line of lines) this.#say(of, line.slice(0, LONGEST_LINE));
      if (this.#left <= 0)
        this.#say('stderr', `more than ${MOST_BYTES} bytes written past the log: the rest is dropped`);
    });
    // The pipe of a process that is killed may break.
    stream.on('error', () => {});
  }

  #say(stream: OutputStream, message: string): void {
    const level = stream === 'stdout' ? 'info' : 'warn';
    this.#take?.({ kind: 'log', level, message, fields: {}, stream });
  }
}
