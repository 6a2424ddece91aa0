import { describe, expect, it } from 'vitest';
import { ProgressLine } from '#faces/cli/progress';
import { createManualClock } from '../../support/manual-clock.ts';
import { screen } from './support.ts';

const ERASE = '\r\u001b[K';

describe('the progress line', () => {
  it('is written over at most ten times a second, and the last step always', async () => {
    const [terminal, clock] = [screen(true), createManualClock(0)];
    const line = new ProgressLine(terminal, clock, 'report: running');
    line.show({ done: 1, total: 4, note: 'one' });
    line.show({ done: 2, total: 4, note: null });
    await clock.advance(100);
    line.show({ done: 3, total: 4, note: null });
    line.show({ done: 4, total: 4, note: null });
    line.clear();
    expect(terminal.text.split(ERASE)).toEqual([
      '',
      'report: running',
      'report: running 1 of 4 (25 %): one',
      'report: running 3 of 4 (75 %)',
      'report: running 4 of 4 (100 %)',
      '',
    ]);
  });

  it('stays on one line of the terminal, whatever the note holds', () => {
    const terminal = screen(true, 40);
    const line = new ProgressLine(terminal, createManualClock(0), 'report: running');
    line.show({ done: 7, total: null, note: `a\n${'long '.repeat(40)}\u001b[2J` });
    const shown = terminal.text.split(ERASE).at(-1)!;
    expect(shown).toMatch(/^report: running 7: a long/);
    expect(shown.length).toBeLessThan(40);
  });

  it('is nothing where no terminal is', () => {
    const pipe = screen(false);
    const line = new ProgressLine(pipe, createManualClock(0), 'report: running');
    line.show({ done: 1, total: 2, note: null });
    line.clear();
    expect(pipe.text).toBe('');
  });
});
