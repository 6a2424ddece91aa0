// What a job writes to stdout or stderr in its worker, as lines of its log: the service's own stdout is JSON.

import { StringDecoder } from 'node:string_decoder';

/** A line without end is passed on in pieces of this many characters. */
const LONGEST_LINE = 8_192;

/** Takes the stream's place for good. The answer passes on what has no line end yet. */
export function captureOutput(stream: NodeJS.WritableStream, onLine: (line: string) => void): () => void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line.replace(/\r$/, ''));
    for (; rest.length > LONGEST_LINE; rest = rest.slice(LONGEST_LINE)) onLine(rest.slice(0, LONGEST_LINE));
  };
  stream.write = (chunk: Uint8Array | string, ...more: unknown[]) => {
    take(typeof chunk === 'string' ? chunk : decoder.write(Buffer.from(chunk)));
    const done = more.find((each) => typeof each === 'function') as (() => void) | undefined;
    if (done) process.nextTick(done);
    return true;
  };
  return () => {
    if (rest !== '') onLine(rest);
    rest = '';
  };
}
