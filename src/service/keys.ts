// The small store of values by key as every face asks for it.

import type { Clock } from '#core/clock';
import { closest } from '#core/did-you-mean';
import { SchedulerError } from '#core/errors';
import type { Json } from '#core/handler';
import type { Store, StoredKey } from '#store/store';
import { iso } from './shapes.ts';

export interface KeysParts {
  store: Store;
  clock: Clock;
  timezone(): string;
}

export interface KeyShape {
  key: string;
  value: Json;
  updated_at: string;
  updated_by: string;
}

const NAME = /^[^\s\p{C}]{1,256}$/u;
const LARGEST = 1_048_576;
/** So many names are looked at for the nearest. */
const NEAR = 1_000;

export class Keys {
  readonly #parts: KeysParts;

  constructor(parts: KeysParts) {
    this.#parts = parts;
  }

  /** By name, those that begin with `prefix`; `after` = the last one of the page before. */
  async list({ prefix = '', after = '', limit = 100 } = {}): Promise<KeyShape[]> {
    return (await this.#parts.store.keys({ prefix, after, limit })).map((each) => this.#shape(each));
  }

  /** Throws CONFIG_NOT_FOUND with the nearest. */
  async get(key: string): Promise<KeyShape> {
    const found = await this.#parts.store.key(key);
    if (!found) throw await this.#unknown(key);
    return this.#shape(found);
  }

  /** Replaces what was there. Throws INVALID_PARAMETERS for a name, TOO_LARGE for more than 1 MiB. */
  async set(key: string, value: Json, by: string): Promise<KeyShape> {
    if (!NAME.test(key))
      throw new SchedulerError(
        'INVALID_PARAMETERS',
        `${JSON.stringify(key)} is no name of a key`,
        'use 1 to 256 characters without spaces',
      );
    const bytes = Buffer.byteLength(JSON.stringify(value));
    if (bytes > LARGEST)
      throw new SchedulerError(
        'TOO_LARGE',
        `the value has ${bytes} bytes, at most ${LARGEST}`,
        'put it into a file below an allowed root, and name it with !ref:storage_fs',
      );
    await this.#parts.store.setKey(key, value, this.#parts.clock.now(), by);
    return await this.get(key);
  }

  /** Throws CONFIG_NOT_FOUND with the nearest. */
  async delete(key: string, by: string): Promise<{ deleted: string }> {
    const wasThere = await this.#parts.store.deleteKey(key, this.#parts.clock.now(), by);
    if (!wasThere) throw await this.#unknown(key);
    return { deleted: key };
  }

  async #unknown(key: string): Promise<SchedulerError> {
    const known = await this.#parts.store.keys({ prefix: '', after: '', limit: NEAR });
    const near = closest(
      key,
      known.map(({ name }) => name),
    );
    const fix = near ? `did you mean ${near}?` : 'see: aclarai-scheduler kv list';
    return new SchedulerError('CONFIG_NOT_FOUND', `there is no key ${key}`, fix);
  }

  #shape({ name, value, updatedAt, updatedBy }: StoredKey): KeyShape {
    return { key: name, value, updated_at: iso(updatedAt, this.#parts.timezone()), updated_by: updatedBy };
  }
}
