// Policies of jobs: each kept once, whoever shares it, and known by its number.

import type { JobPolicy } from '#core/job';
import type { Database } from './database.ts';

const ADD = 'INSERT INTO policies (body) VALUES (:body) ON CONFLICT DO NOTHING';
const FIND = 'SELECT id FROM policies WHERE body = :body';
const READ = 'SELECT body FROM policies WHERE id = :id';

/** The number of a policy, which gets one where it is new. */
export function policyId(db: Database, policy: JobPolicy): number {
  const body = JSON.stringify(policy);
  return db.remember(`policy ${body}`, () => {
    db.run(ADD, { body });
    return Number(db.get(FIND, { body })?.id);
  });
}

/** One frozen object for all that share it. */
export function policyOf(db: Database, id: number): JobPolicy {
  return db.remember(`policy ${id}`, () => {
    const body = String(db.get(READ, { id })?.body);
    return JSON.parse(body, (_key, each) => Object.freeze(each)) as JobPolicy;
  });
}
