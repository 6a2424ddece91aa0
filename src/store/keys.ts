// What a store promises of keys: small values by name, the last one written stands.

import type { EpochMs } from '#core/clock';
import type { Json } from '#core/handler';

export interface KeyPromises {
  key(name: string): Promise<StoredKey | null>;
  /** By name, those that begin with `prefix`: at most `limit` whose names come after `after`. */
  keys(query: { prefix: string; after: string; limit: number }): Promise<StoredKey[]>;
  /** Audited by name, not by value. */
  setKey(name: string, value: Json, at: EpochMs, by: string): Promise<void>;
  /** Answers whether it was there. Audited. */
  deleteKey(name: string, at: EpochMs, by: string): Promise<boolean>;
}

export interface StoredKey {
  name: string;
  value: Json;
  updatedAt: EpochMs;
  updatedBy: string;
}
