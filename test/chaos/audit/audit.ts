// Files and diary in, findings out: what is lost, doubled or not explained by the law. Pure; asks no code of the service.

import type { Diary } from '../diary.ts';
import type { Evidence } from '../ledger.ts';
import { account } from './accounts.ts';
import { checkAttempts } from './attempts.ts';
import { Case, type Finding } from './case.ts';
import { expectedSlots } from './definitions.ts';
import { checkEffects } from './effects.ts';
import { checkHolds } from './holds.ts';
import { explain } from './reasons.ts';

/** `isDrained` = the last life had all the time it needed: nothing may be under way any more. */
export function audit(evidence: Evidence, diary: Diary, options: { isDrained: boolean }): Finding[] {
  const about = new Case(evidence, diary);
  for (const life of diary.lives)
    if (life.end === 'fell') about.report('unexplained', { job_id: '' }, 'the service ended by itself', life);
  for (const hole of evidence.holes)
    about.report('unexplained', { job_id: hole.job_uid }, 'the service itself misses an account', hole);
  const accounts = account(about, expectedSlots(about));
  explain(about, accounts);
  checkHolds(about, accounts);
  checkAttempts(about, options);
  checkEffects(about);
  return about.findings;
}
