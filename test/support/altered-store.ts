// The embedded ledger with some of its methods replaced: faults and slowness of a test's own, between the file and its users.

import { openSqliteStore, type SqliteStoreOptions } from '#store/sqlite/open';
import type { Store } from '#store/store';

/** For `openStore` of a scenario. `alter` gets the real one. */
export function altered(
  alter: (store: Store) => Partial<Store>,
): (options: SqliteStoreOptions) => Promise<Store> {
  return async (options) => {
    const store = await openSqliteStore(options);
    const own = alter(store);
    return new Proxy(store, {
      get(target, name: keyof Store) {
        const method: unknown = own[name] ?? target[name];
        return typeof method === 'function' ? method.bind(target) : method;
      },
    });
  };
}
