// The words a filter takes: ours name exactly one state, those of the other systems the group they stand for. Pure.

import { closest } from '#core/did-you-mean';
import type { JobState } from '#core/job';
import { RUN_STATES, type RunState } from '#core/run';
import { usageError } from './exit.ts';

const FAILURES: readonly RunState[] = ['failed', 'timed_out', 'interrupted', 'cancelled'];

/** Words of the documents that are not ours. */
const RUN_WORDS: Record<string, readonly RunState[]> = {
  pending: ['queued'],
  completed: ['succeeded'],
  executed: ['succeeded'],
  success: ['succeeded'],
  error: FAILURES,
  started: ['running', 'stopping'],
};

/** States of one word or of several with commas. INVALID_PARAMETERS with the list for a word nobody knows. */
export function runStates(text: string): RunState[] {
  const known = [...RUN_STATES, ...Object.keys(RUN_WORDS)];
  const states = splitWords(text).flatMap((word) => {
    const own = RUN_STATES.find((state) => state === word);
    if (own) return [own];
    return Object.hasOwn(RUN_WORDS, word) ? RUN_WORDS[word]! : refuse(word, known);
  });
  return [...new Set(states)];
}

/** What a filter for jobs looks at. */
export interface JobFacts {
  state: JobState;
  /** State of its newest run that started. */
  last: RunState | null;
}

const isLive = ({ last }: JobFacts) => last === 'running' || last === 'stopping';

const JOB_WORDS: Record<string, (job: JobFacts) => boolean> = {
  active: ({ state }) => state === 'active',
  paused: ({ state }) => state === 'paused',
  disabled: ({ state }) => state === 'disabled',
  completed: ({ state }) => state === 'completed',
  orphaned: ({ state }) => state === 'orphaned',
  pending: (job) => job.state === 'active' && !isLive(job),
  running: isLive,
  failed: ({ state, last }) => state === 'completed' && last !== null && FAILURES.includes(last),
};

/** A test for one word or several with commas. INVALID_PARAMETERS with the list for a word nobody knows. */
export function jobFilter(text: string): (job: JobFacts) => boolean {
  const tests = splitWords(text).map((word) =>
    Object.hasOwn(JOB_WORDS, word) ? JOB_WORDS[word]! : refuse(word, Object.keys(JOB_WORDS)),
  );
  return (job) => tests.some((test) => test(job));
}

function splitWords(text: string): string[] {
  return text.split(',').map((word) => word.trim().toLowerCase());
}

function refuse(word: string, known: readonly string[]): never {
  const near = closest(word, known);
  const hint = near ? `did you mean ${near}? ` : '';
  throw usageError(`"${word}" is not a status`, `${hint}known: ${known.join(', ')}`);
}
