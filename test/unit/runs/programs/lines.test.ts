// Lines out of what a program writes, whatever way it is cut into chunks; a flood is counted.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ProgramLines } from '#runs/programs/lines';

function reader() {
  let now = 0;
  const lines: string[] = [];
  const program = new ProgramLines({ monotonic: () => now }, (line) => lines.push(line));
  return {
    lines,
    program,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

it('reads the same lines however they arrive', () => {
  const texts = fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }).map((s) => s.replace(/[\r\n]/g, '')));
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 7 }), (written, size) => {
      const { lines, program } = reader();
      const bytes = Buffer.from(written.map((line) => `${line}\n`).join(''));
      for (let at = 0; at < bytes.length; at += size) program.take(bytes.subarray(at, at + size));
      program.end();
      expect(lines).toEqual(written);
      expect(program.count).toBe(written.length);
    }),
  );
});

it.each<[string, string, string[]]>([
  ['a last line without end', 'a\nb', ['a', 'b']],
  ['line ends of another system', 'a\r\nb\r\n', ['a', 'b']],
  ['nothing', '', []],
  ['an endless line', 'x'.repeat(20_000), ['x'.repeat(8_192), 'x'.repeat(8_192), 'x'.repeat(3_616)]],
])('%s', (_name, text, expected) => {
  const { lines, program } = reader();
  program.take(Buffer.from(text));
  program.end();
  expect(lines).toEqual(expected);
});

it('passes over a flood, says how much, and ends with what was said last', () => {
  const { lines, program } = reader();
  const chunk = Buffer.from('flood\n'.repeat(10_000));
  for (let n = 0; n < 2_000; n++) program.take(chunk);
  program.take(Buffer.from('the end\n'));
  program.end();
  const read = lines.filter((line) => line === 'flood').length * 6;
  expect(read).toBeLessThan(5 * 1024 * 1024);
  expect(lines.at(-1)).toBe('the end');
  const told = lines.map((line) => Number(/^… (\d+) bytes were passed over/.exec(line)?.[1] ?? 0));
  // The last chunk of the flood is not read either: what was said last is.
  expect(read + told.reduce((sum, bytes) => sum + bytes, 0)).toBe(2_000 * chunk.length);
});

it('reads on when the flood is over', () => {
  const { lines, program, pass } = reader();
  for (let n = 0; n < 100; n++) program.take(Buffer.alloc(65_536, 'x\n'));
  pass(2_000);
  program.take(Buffer.from('after\n'));
  expect(lines.at(-1)).toBe('after');
});
