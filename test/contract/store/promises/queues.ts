// Contract: queues. A message is delivered until it is acknowledged, never after, and no queue holds more than it may.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NewMessage } from '#core/queue';
import type { Run } from '#core/run';
import type { Store } from '#store/store';
import {
  addJobs,
  aJob,
  aRow,
  beginBoot,
  claim,
  effect,
  enqueue,
  MINUTE,
  runOf,
  settle,
  T0,
} from '../../../support/ledger.ts';
import type { OpenLedger } from '../suite.ts';

const LEASE = { limit: 1, forMs: MINUTE };

function aMessage(body: string | number, over: Partial<NewMessage> = {}): NewMessage {
  return { queue: 'q', body, runId: null, dueAt: T0, ...over };
}

async function fill(store: Store, ...bodies: (string | number)[]): Promise<void> {
  await store.put(
    bodies.map((body) => aMessage(body)),
    T0,
  );
}

const bodies = (messages: readonly { body: unknown }[]) => messages.map((message) => message.body);

/** A run of a job with both queues, under way. */
async function started(store: Store, over: { retries?: number; dryRun?: boolean } = {}): Promise<Run> {
  const policy = { resultQueue: 'results', errorQueue: 'errors', retries: over.retries ?? 0 };
  await addJobs(store, aJob('a', {}, policy));
  await beginBoot(store, 'boot');
  const row = aRow('r', {}, policy);
  await enqueue(store, 'a', { ...row, snapshot: { ...row.snapshot, dryRun: over.dryRun ?? false } });
  const [run] = await claim(store);
  if (!run) throw new Error('nothing was claimed');
  return run;
}

async function told(store: Store): Promise<Record<string, unknown[]>> {
  const [results, errors] = [await store.peek('results', T0 * 2, 9), await store.peek('errors', T0 * 2, 9)];
  return { results: bodies(results), errors: bodies(errors) };
}

export function queuePromises(open: OpenLedger): void {
  describe('queues', () => {
    it('deliver in the order in which messages are due, each to one consumer', async () => {
      const { store, another } = await open();
      await store.put([aMessage('late', { dueAt: T0 + 5 }), aMessage('a'), aMessage('b')], T0);
      expect(bodies(await store.lease('q', T0, LEASE))).toEqual(['a']);
      expect(bodies(await another.lease('q', T0, { ...LEASE, limit: 9 }))).toEqual(['b']);
      expect(await store.lease('q', T0 + 4, LEASE)).toEqual([]);
      expect(await another.lease('q', T0 + 5, LEASE)).toMatchObject([
        { body: 'late', deliveries: 1, putAt: T0, dueAt: T0 + 5 + MINUTE, error: null },
      ]);
    });

    it('deliver again once a lease is over, and never what is acknowledged', async () => {
      const { store } = await open();
      await fill(store, 'a');
      const [first] = await store.lease('q', T0, LEASE);
      expect(await store.lease('q', T0 + MINUTE - 1, LEASE)).toEqual([]);
      const [second] = await store.lease('q', T0 + MINUTE, LEASE);
      expect(second).toMatchObject({ id: first?.id, deliveries: 2 });
      expect(await store.ack([first!.receipt])).toEqual([false]);
      expect(await store.ack([second!.receipt, 'no receipt', `${second?.id}.another`])).toEqual([
        true,
        false,
        false,
      ]);
      expect(await store.ack([second!.receipt])).toEqual([false]);
      expect(await store.lease('q', T0 * 2, LEASE)).toEqual([]);
    });

    it('take an acknowledgement that comes after the lease, as long as nobody else has the message', async () => {
      const { store } = await open();
      await fill(store, 'a');
      const [delivery] = await store.lease('q', T0, LEASE);
      expect(bodies(await store.peek('q', T0 + MINUTE, 9))).toEqual(['a']);
      expect(await store.ack([delivery!.receipt])).toEqual([true]);
      expect(await store.nextDelivery('q')).toBeNull();
    });

    it('never give the id of a message to another', async () => {
      const { store } = await open();
      const [id] = await store.put([aMessage('a')], T0);
      const [delivery] = await store.lease('q', T0, LEASE);
      await store.ack([delivery!.receipt]);
      const [next] = await store.put([aMessage('b')], T0);
      expect(next).toBeGreaterThan(id!);
    });

    it('take back what a consumer gives back, at once or after a delay, and keep what it said', async () => {
      const { store } = await open();
      await fill(store, 'a');
      const [first] = await store.lease('q', T0, LEASE);
      expect(await store.nack([first!.receipt], T0 + 1, { delayMs: 0, error: 'broken' })).toEqual([
        'waiting',
      ]);
      const [second] = await store.lease('q', T0 + 1, LEASE);
      expect(second).toMatchObject({ deliveries: 2, error: 'broken' });
      const later = { delayMs: 500, error: null };
      expect(await store.nack([second!.receipt, first!.receipt], T0 + 2, later)).toEqual(['waiting', 'lost']);
      expect(await store.nextDelivery('q')).toBe(T0 + 502);
      expect(await store.queues(T0 + 2)).toEqual([{ name: 'q', waiting: 0, delayed: 1, leased: 0, dead: 0 }]);
      expect(bodies(await store.lease('q', T0 + 502, LEASE))).toEqual(['a']);
    });

    it('make a dead letter of what is given back or forgotten after its last delivery', async () => {
      const { store } = await open();
      store.limitQueues({ maxRetries: 1, maxSize: 10 });
      await fill(store, 'given back', 'forgotten');
      let at = T0;
      for (let round = 0; round < 2; round++, at += MINUTE) {
        const [one] = await store.lease('q', at, { limit: 2, forMs: MINUTE });
        const answer = round === 0 ? 'waiting' : 'dead';
        expect(await store.nack([one!.receipt], at, { delayMs: MINUTE, error: `no ${round}` })).toEqual([
          answer,
        ]);
      }
      const dead = [
        { body: 'given back', deliveries: 2, error: 'no 1' },
        { body: 'forgotten', deliveries: 2, error: expect.stringContaining('nobody acknowledged') },
      ];
      // Whether somebody asked for messages since or not.
      for (let look = 0; look < 2; look++) {
        expect(await store.deadLetters('q', at, 9)).toMatchObject(dead);
        expect(await store.queues(at)).toMatchObject([{ waiting: 0, dead: 2 }]);
        expect(await store.peek('q', at, 9)).toEqual([]);
        expect(await store.lease('q', at, LEASE)).toEqual([]);
      }
      expect(await store.nextDelivery('q')).toBeNull();
    });

    it('revive dead letters as new messages, and say who did', async () => {
      const { store } = await open();
      store.limitQueues({ maxRetries: 0, maxSize: 10 });
      await fill(store, 'a');
      const [delivery] = await store.lease('q', T0, LEASE);
      await store.nack([delivery!.receipt], T0, { delayMs: 0, error: 'no' });
      expect(await store.reviveDead('q', T0 + 1, 'me')).toBe(1);
      expect(await store.reviveDead('q', T0 + 1, 'me')).toBe(0);
      expect(await store.lease('q', T0 + 1, LEASE)).toMatchObject([{ body: 'a', deliveries: 1 }]);
      expect(await store.changes({ limit: 9 })).toMatchObject([
        { what: 'queue_revived', after: { queue: 'q', messages: 1 }, by: 'me' },
      ]);
    });

    it('hold no more than they may, dead letters included, each queue for itself', async () => {
      const { store } = await open();
      store.limitQueues({ maxRetries: 0, maxSize: 2 });
      const puts = [aMessage(1), aMessage(2), aMessage(3), aMessage(4, { queue: 'other' })];
      expect((await store.put(puts, T0)).map((id) => id !== null)).toEqual([true, true, false, true]);
      const [delivery] = await store.lease('q', T0, LEASE);
      await store.nack([delivery!.receipt], T0, { delayMs: 0, error: null });
      expect(await store.put([aMessage(5)], T0)).toEqual([null]);
      expect(await store.clearQueue('q', 'dead', T0, 'me')).toBe(1);
      expect(await store.put([aMessage(6)], T0)).not.toEqual([null]);
      expect(bodies(await store.peek('q', T0, 9))).toEqual([2, 6]);
    });

    it('are cleared of all, also of what is being delivered, and say who did', async () => {
      const { store } = await open();
      await fill(store, 'a', 'b');
      const [delivery] = await store.lease('q', T0, LEASE);
      expect(await store.clearQueue('q', 'all', T0, 'me')).toBe(2);
      expect(await store.clearQueue('q', 'all', T0, 'me')).toBe(0);
      expect(await store.ack([delivery!.receipt])).toEqual([false]);
      expect(await store.queues(T0)).toEqual([{ name: 'q', waiting: 0, delayed: 0, leased: 0, dead: 0 }]);
      expect(await store.changes({ limit: 9 })).toMatchObject([
        { what: 'queue_cleared', before: { queue: 'q', messages: 2, which: 'all' }, by: 'me' },
      ]);
    });

    it('are there once a job names them', async () => {
      const { store } = await open();
      expect(await store.hasQueue('results')).toBe(false);
      await addJobs(store, aJob('a', {}, { resultQueue: 'results', errorQueue: 'errors' }));
      expect((await store.queues(T0)).map(({ name }) => name)).toEqual(['errors', 'results']);
      expect(await store.hasQueue('results')).toBe(true);
    });

    it('keep every message and every acknowledgement, whatever consumers do', async () => {
      const { store } = await open();
      store.limitQueues({ maxRetries: 1_000, maxSize: 1_000 });
      const steps = fc.array(fc.constantFrom('put', 'lease', 'ack', 'nack', 'wait'), { maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(steps, async (taken) => {
          await store.clearQueue('q', 'all', T0, 'test');
          const put = new Set<number>();
          const acked = new Set<number>();
          let held: { id: number; receipt: string }[] = [];
          let at = T0;
          for (const step of taken) {
            if (step === 'put') put.add((await store.put([aMessage('x', { dueAt: at })], at))[0]!);
            if (step === 'wait') at += MINUTE / 2;
            if (step === 'lease') {
              const leased = await store.lease('q', at, { limit: 2, forMs: MINUTE });
              expect(leased.filter(({ id }) => acked.has(id))).toEqual([]);
              held = [...held, ...leased];
            }
            const first = held[0];
            if (!first || (step !== 'ack' && step !== 'nack')) continue;
            held = held.slice(1);
            if (step === 'nack') await store.nack([first.receipt], at, { delayMs: 0, error: null });
            else if ((await store.ack([first.receipt]))[0]) acked.add(first.id);
          }
          const left = await store.lease('q', at + MINUTE, { limit: 1_000, forMs: MINUTE });
          expect(new Set([...left.map(({ id }) => id), ...acked])).toEqual(put);
          expect(left.length + acked.size).toBe(put.size);
        }),
        { numRuns: 60 },
      );
    });
  });

  describe('queues of jobs', () => {
    const common = { job_id: 'a', agentool: 'noop', timestamp: new Date(T0 + MINUTE + 1_000).toISOString() };

    it('get the result of a success', async () => {
      const { store } = await open();
      await settle(store, await started(store), 'succeeded', { statistics: { n: 1 } });
      const results = [{ ...common, result: { n: 1 }, status: 'success' }];
      expect(await told(store)).toEqual({ results, errors: [] });
      expect(await store.peek('results', T0 * 2, 1)).toMatchObject([{ runId: 'r' }]);
    });

    it('get a failure once it is final, not the attempts before', async () => {
      const { store } = await open();
      const run = await started(store, { retries: 1 });
      await settle(store, run, 'failed', { verdict: { kind: 'retry', notBefore: T0 } });
      expect(await told(store)).toEqual({ results: [], errors: [] });
      const [again] = await claim(store);
      await settle(store, again!, 'failed');
      expect(await told(store)).toEqual({
        results: [],
        errors: [{ ...common, error: 'failed 2', status: 'error' }],
      });
    });

    it.each(['timed_out', 'interrupted', 'cancelled'] as const)(
      'get a run that was %s as an error',
      async (outcome) => {
        const { store } = await open();
        await settle(store, await started(store), outcome);
        expect((await told(store)).errors).toMatchObject([{ status: 'error' }]);
      },
    );

    it.each([
      ['skipped by its handler', 'skipped', false],
      ['only tried dry', 'succeeded', true],
      ['given back', 'given_back', false],
    ] as const)('get nothing of a run that was %s', async (_name, outcome, dryRun) => {
      const { store } = await open();
      await settle(store, await started(store, { dryRun }), outcome);
      expect(await told(store)).toEqual({ results: [], errors: [] });
    });

    it('get nothing of an ending that came too late', async () => {
      const { store } = await open();
      const run = await started(store);
      expect(await settle(store, run, 'succeeded', { leaseToken: 'old' })).toBe('lost');
      expect(await told(store)).toEqual({ results: [], errors: [] });
    });

    it('get a run whose process died, and a waiting retry that is given up', async () => {
      const { store } = await open();
      const run = await started(store, { retries: 1 });
      await store.recover('next', T0 + MINUTE, () => ({ kind: 'retry', notBefore: T0 + MINUTE }));
      expect(await told(store)).toEqual({ results: [], errors: [] });
      await effect(store, {
        end: [{ runId: run.runId, state: 'failed', reason: 'superseded', error: null }],
      });
      expect((await told(store)).errors).toMatchObject([
        { error: expect.stringContaining('ended without recording') },
      ]);
    });

    it('that are full leave a warning on the run, and the run as it ended', async () => {
      const { store } = await open();
      store.limitQueues({ maxRetries: 3, maxSize: 1 });
      await store.put([aMessage('in the way', { queue: 'results' })], T0);
      await settle(store, await started(store), 'succeeded', { statistics: { n: 1 }, warnings: ['odd'] });
      expect(await runOf(store, 'r')).toMatchObject({
        state: 'succeeded',
        statistics: { n: 1 },
        warnings: ['odd', expect.stringContaining('queue results is full (1 messages')],
      });
      expect((await told(store)).results).toEqual(['in the way']);
    });
  });
}
