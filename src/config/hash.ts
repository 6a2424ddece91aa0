// One word for how a job behaves: equal hash, equal behaviour. Pure.

import { createHash } from 'node:crypto';
import type { JobSpec } from '#core/job';

/** What changes how a job is planned or run; its description, owner, state and place in the file do not. */
export type Behaviour = Pick<
  JobSpec,
  'handler' | 'input' | 'schedule' | 'policy' | 'manualOnly' | 'runOnStart'
>;

/** SHA-256 (hex), the same whatever order keys were written in. */
export function configHash(job: Behaviour): string {
  const { handler, input, schedule, policy, manualOnly, runOnStart } = job;
  const behaviour = { handler, input, schedule, policy, manualOnly, runOnStart };
  return createHash('sha256').update(JSON.stringify(behaviour, sorted)).digest('hex');
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}
