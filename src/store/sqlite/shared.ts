// What many rows have in common is kept once and known by its number: policies of jobs, snapshots of runs.

import type { JobPolicy } from '#core/job';
import type { RunSnapshot } from '#core/run';
import type { Database } from './database.ts';

interface Tables {
  policies: JobPolicy;
  snapshots: RunSnapshot;
}

/** The number of a value, which gets one where it is new. */
export function sharedId<T extends keyof Tables>(db: Database, table: T, value: Tables[T]): number {
  const body = JSON.stringify(value);
  return db.remember(`${table} ${body}`, () => {
    db.run(`INSERT INTO ${table} (body) VALUES (:body) ON CONFLICT DO NOTHING`, { body });
    return Number(db.get(`SELECT id FROM ${table} WHERE body = :body`, { body })?.id);
  });
}

/** One frozen object for all that share it. */
export function sharedOf<T extends keyof Tables>(db: Database, table: T, id: number): Tables[T] {
  return db.remember(`${table} ${id}`, () => {
    const body = String(db.get(`SELECT body FROM ${table} WHERE id = :id`, { id })?.body);
    return JSON.parse(body, (_key, each) => Object.freeze(each)) as Tables[T];
  });
}
