// The ledger with a kill at every door: before, inside and after each of its transactions.

import type { SqliteStoreOptions } from '#store/sqlite/open';
import type { Ending, Store } from '#store/store';
import type { Hit } from './points.ts';

/** Where the life of the service is; the same transaction is another point at a start, a reload and a stop. */
export interface Course {
  isUp: boolean;
  isStopping: boolean;
}

/** Opens the store with `open`, and lets `hit` in wherever the service waits for it. */
export async function openMortal(
  open: (options: SqliteStoreOptions) => Promise<Store>,
  options: SqliteStoreOptions,
  course: Course,
  hit: Hit,
): Promise<Store> {
  let leases = 0;
  const newId = () => {
    hit('claim during');
    return `lease-${process.pid}-${++leases}`;
  };
  return withDoors(await open({ ...options, newId }), course, hit);
}

function withDoors(store: Store, course: Course, hit: Hit): Store {
  const doors: Partial<Store> = {
    ...startDoors(store, hit),
    ...runDoors(store, course, hit),
    async reconcile(at, concerned, decide) {
      const name = course.isUp ? 'reload' : 'reconcile';
      hit(`${name} before`);
      await store.reconcile(at, concerned, (view) => {
        const effects = decide(view);
        hit(`${name} during`);
        return effects;
      });
      hit(`${name} after`);
    },
    async observe(...args) {
      hit('observe before');
      const answer = await store.observe(...args);
      hit('observe after');
      return answer;
    },
    async fire(at, plan, options) {
      hit('fire before');
      const answer = await store.fire(
        at,
        (due) => {
          const decision = plan(due);
          hit('fire during');
          return decision;
        },
        options,
      );
      if (answer.decided.length > 0) hit('fire after');
      if (answer.claimed.length > 0) hit('claimed by fire');
      return answer;
    },
  };
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const own: unknown = doors[name] ?? target[name];
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}

function startDoors(store: Store, hit: Hit): Partial<Store> {
  return {
    async beginBoot(boot) {
      hit('beginBoot before');
      await store.beginBoot(boot);
      hit('beginBoot after');
    },
    async recover(bootId, at, decide) {
      hit('recover before');
      const answer = await store.recover(bootId, at, (run) => {
        hit('recover during');
        return decide(run);
      });
      hit('recover after');
      return answer;
    },
    async enqueue(job, decide) {
      hit('startup run before');
      const answer = await store.enqueue(job, (due) => {
        hit('startup run during');
        return decide(due);
      });
      hit('startup run after');
      return answer;
    },
    async tick(...args) {
      hit('tick before');
      await store.tick(...args);
      hit('tick after');
    },
    async markAudited(...args) {
      hit('check before');
      await store.markAudited(...args);
      hit('check after');
    },
    async prune(request) {
      hit('cleaning before');
      const answer = await store.prune(request);
      hit('cleaning after');
      return answer;
    },
    async endBoot(...args) {
      hit('endBoot before');
      await store.endBoot(...args);
      hit('endBoot after');
    },
  };
}

function runDoors(store: Store, course: Course, hit: Hit): Partial<Store> {
  return {
    async claim(request) {
      hit('claim before');
      const claimed = await store.claim(request);
      if (claimed.length > 0) hit('claim after');
      return claimed;
    },
    async markStopping(...args) {
      hit('stopping before');
      const answer = await store.markStopping(...args);
      hit('stopping after');
      return answer;
    },
    async settle(endings, claim) {
      const name = course.isStopping ? 'giving back' : 'settle';
      hit(`${name} before`);
      const answer = await store.settle(
        endings.map((ending) => withDoor(ending, hit)),
        claim,
      );
      hit(`${name} after`);
      if (answer.claimed.length > 0) hit('claimed by settle');
      return answer;
    },
  };
}

/** The store reads the verdict inside its transaction: of the second of a batch when the first is written. */
function withDoor(ending: Ending, hit: Hit): Ending {
  return {
    ...ending,
    get verdict() {
      hit('settle during');
      return ending.verdict;
    },
  };
}
