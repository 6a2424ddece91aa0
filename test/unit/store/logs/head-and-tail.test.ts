// What is kept of a run: 1 MB, its first lines and its last, and how many are gone in between.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Changes, HALF_BYTES, HeadAndTail, NOTHING_KEPT } from '#store/logs/head-and-tail';

/** The file, as far as this is concerned. */
class Pieces {
  readonly head = new Map<number, string>();
  readonly tail = new Map<number, string>();

  take({ written, removed }: Changes): void {
    for (const { first, isHead, text } of written) (isHead ? this.head : this.tail).set(first, text!);
    for (const first of removed) this.tail.delete(first);
  }

  numbers(part: Map<number, string>): number[] {
    return [...part]
      .sort(([a], [b]) => a - b)
      .flatMap(([, text]) => text.trimEnd().split('\n'))
      .map((line) => (JSON.parse(line) as { n: number }).n);
  }

  get bytes(): number {
    return [...this.head.values(), ...this.tail.values()].reduce((sum, text) => sum + text.length, 0);
  }

  tailKept() {
    return [...this.tail].map(([first, text]) => ({
      ...{ first, bytes: text.length },
      last: first + text.trimEnd().split('\n').length - 1,
    }));
  }
}

const line = (length: number) => (n: number) => JSON.stringify({ n, text: 'x'.repeat(length) });
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** `flushAt` = after which lines it is written; `restartAt` = after which another process goes on. */
function record(lengths: readonly number[], flushAt: (n: number) => boolean, restartAt = -1) {
  const file = new Pieces();
  let lines = new HeadAndTail(NOTHING_KEPT);
  const flush = () => {
    file.take(lines.changes());
    lines.settled();
  };
  for (const [i, length] of lengths.entries()) {
    lines.add(line(length));
    if (flushAt(i) || i === restartAt) flush();
    if (i !== restartAt) continue;
    const { headBytes, cut } = lines;
    const sums = { lines: lines.lines, headBytes, cutLines: cut.lines, cutBytes: cut.bytes };
    lines = new HeadAndTail({ ...sums, tail: file.tailKept() });
  }
  flush();
  return { file, lines };
}

describe('a run that says little', () => {
  it('keeps all of it, whenever it is written', () => {
    const { file, lines } = record([10, 20, 30], (n) => n === 1);
    expect(file.numbers(file.head)).toEqual([1, 2, 3]);
    expect(file.numbers(file.tail)).toEqual([]);
    expect(lines.cut).toEqual({ lines: 0, bytes: 0 });
  });

  it('has nothing to write when nothing came', () => {
    const { lines } = record([10], () => true);
    expect(lines.isChanged).toBe(false);
    expect(lines.changes()).toEqual({ written: [], removed: [] });
  });

  it('answers the same changes again until they are settled', () => {
    const lines = new HeadAndTail();
    lines.add(line(5));
    const before = lines.changes().written.map(({ text }) => text);
    lines.add(line(5));
    expect(lines.changes().written).toMatchObject([{ first: 1, last: 2 }]);
    expect(lines.changes().written[0]!.text!.startsWith(before[0]!)).toBe(true);
  });
});

it('of a run that says more than 1 MB the first and the last half are kept, and what is gone is counted', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 16_000 }), { minLength: 400, maxLength: 600 }),
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 0, max: 600 }),
      (lengths, every, restartAt) => {
        const { file, lines } = record(lengths, (n) => n % every === 0, restartAt);
        const [head, tail] = [file.numbers(file.head), file.numbers(file.tail)];
        expect(head).toEqual(range(1, head.length));
        if (tail.length > 0) expect(tail).toEqual(range(lengths.length - tail.length + 1, lengths.length));
        expect(head.length + tail.length + lines.cut.lines).toBe(lengths.length);
        expect(file.bytes).toBeLessThanOrEqual(2 * HALF_BYTES);
        // No more is given up than it takes: half of it less one piece and one line.
        if (lines.cut.lines > 0) expect(file.bytes).toBeGreaterThan(2 * HALF_BYTES - 4 * 16_384 - 64_000);
      },
    ),
    { numRuns: 30 },
  );
});

it('holds no more than 1 MB in memory, however much comes before it is written', () => {
  const lines = new HeadAndTail();
  for (let n = 0; n < 20_000; n++) lines.add(line(1_000));
  const held = lines.changes().written.reduce((sum, { text }) => sum + text!.length, 0);
  expect(held).toBeLessThanOrEqual(2 * HALF_BYTES);
  expect(lines.lines).toBe(20_000);
});
