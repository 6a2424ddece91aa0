import { describe, expect, it } from 'vitest';
import { type JobFacts, jobFilter, runStates } from '#faces/cli/words';

describe('words for runs', () => {
  it.each([
    ['queued', ['queued']],
    ['failed', ['failed']],
    ['skipped,missed', ['skipped', 'missed']],
    ['Pending', ['queued']],
    ['completed', ['succeeded']],
    ['executed', ['succeeded']],
    ['error', ['failed', 'timed_out', 'interrupted', 'cancelled']],
    ['failed, error', ['failed', 'timed_out', 'interrupted', 'cancelled']],
  ])('%s means %j', (text, states) => expect(runStates(text)).toEqual(states));

  it('refuses a word nobody knows, with the nearest and the list', () => {
    expect(() => runStates('suceeded')).toThrow(
      expect.objectContaining({
        code: 'INVALID_PARAMETERS',
        fix: expect.stringMatching(/^did you mean succeeded\? known: queued, running,.*missed, pending/),
      }),
    );
  });

  it.each(['', 'constructor', 'toString', 'active'])('refuses "%s"', (text) =>
    expect(() => runStates(text)).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETERS' })),
  );
});

describe('words for jobs', () => {
  const active: JobFacts = { state: 'active', last: 'failed' };
  const live: JobFacts = { state: 'active', last: 'running' };
  const paused: JobFacts = { state: 'paused', last: null };
  const off: JobFacts = { state: 'disabled', last: null };
  const done: JobFacts = { state: 'completed', last: 'succeeded' };
  const broken: JobFacts = { state: 'completed', last: 'timed_out' };
  const gone: JobFacts = { state: 'orphaned', last: 'succeeded' };
  const all = { active, live, paused, off, done, broken, gone };

  it.each([
    ['active', ['active', 'live']],
    ['pending', ['active']],
    ['running', ['live']],
    ['paused', ['paused']],
    ['disabled', ['off']],
    ['completed', ['done', 'broken']],
    ['failed', ['broken']],
    ['orphaned', ['gone']],
    ['paused,disabled', ['paused', 'off']],
  ])('%s means %j', (text, names) => {
    const test = jobFilter(text);
    const matching = Object.entries(all).filter(([, job]) => test(job));
    expect(matching.map(([name]) => name)).toEqual(names);
  });

  it.each(['actve', 'succeeded', '__proto__', 'active,'])('refuses "%s"', (text) =>
    expect(() => jobFilter(text)).toThrow(expect.objectContaining({ code: 'INVALID_PARAMETERS' })),
  );
});
