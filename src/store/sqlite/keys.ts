// Values by key in the file, and who changed which. Values are not in the audit: they may be large, or nobody's business.

import type { EpochMs } from '#core/clock';
import type { Json } from '#core/handler';
import type { StoredKey } from '../store.ts';
import { recordChange } from './changes.ts';
import type { Database } from './database.ts';
import { type Fields, plain, read, value } from './rows.ts';

const FIELDS: Fields<StoredKey> = {
  name: plain('name'),
  value: value('value'),
  updatedAt: plain('updated_at'),
  updatedBy: plain('updated_by'),
};

const FIND = 'SELECT * FROM keys WHERE name = :name';
/** `substr` and not LIKE: a prefix is taken literally. The range of the key bounds what is looked at. */
const LIST = `SELECT * FROM keys WHERE name > :after AND name >= :prefix AND substr(name, 1, length(:prefix)) = :prefix
  ORDER BY name LIMIT :limit`;
const SET = `INSERT INTO keys (name, value, updated_at, updated_by) VALUES (:name, :value, :at, :by)
  ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at, updated_by = excluded.updated_by`;
const DELETE = 'DELETE FROM keys WHERE name = :name';

export function findKey(db: Database, name: string): StoredKey | null {
  const row = db.get(FIND, { name });
  return row ? read(FIELDS, row) : null;
}

export function listKeys(db: Database, query: { prefix: string; after: string; limit: number }): StoredKey[] {
  return db.all(LIST, query).map((row) => read(FIELDS, row));
}

export function setKey(db: Database, name: string, given: Json, at: EpochMs, by: string): void {
  const wasThere = findKey(db, name) !== null;
  db.run(SET, { name, value: JSON.stringify(given), at, by });
  const before = wasThere ? { key: name } : null;
  recordChange(db, { jobUid: null, at, what: 'key_set', before, after: { key: name }, by });
}

export function deleteKey(db: Database, name: string, at: EpochMs, by: string): boolean {
  if (db.run(DELETE, { name }) === 0) return false;
  recordChange(db, { jobUid: null, at, what: 'key_deleted', before: { key: name }, after: null, by });
  return true;
}
