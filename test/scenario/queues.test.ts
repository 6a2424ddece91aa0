// Queues of jobs: a run that ends tells them, in its own transaction, and whoever consumes gets each message until it is acknowledged.

import { describe, expect, it } from 'vitest';
import type { ReceivedMessage } from '#service/queues';
import { createScenario, type HandlerFunction, type Scenario } from '../support/scenario.ts';

const at = '2026-03-01T00:00:30Z';

async function started(handler: HandlerFunction, keys = '', scheduler = ''): Promise<Scenario> {
  const queues = 'result_queue: results, error_queue: errors';
  const s = await createScenario({
    at,
    scheduler: `timezone: UTC\n${scheduler}jobs:\n  tick: { handler: tick, enabled: true, every: 1m, ${queues}${keys} }`,
    handlers: { tick: handler },
  });
  await s.start();
  return s;
}

/** Bodies of what a consumer got and acknowledged. */
function consumer(s: Scenario, queue: string) {
  const stop = new AbortController();
  const got: unknown[] = [];
  const over = (async () => {
    for await (const message of s.service.queues.consume(queue, { signal: stop.signal })) {
      got.push(message.body);
      await message.ack();
    }
  })();
  const end = async () => {
    stop.abort();
    await over;
  };
  return { got, stop: end };
}

describe('the result queue', () => {
  it('gets every success, and a consumer that waits for it gets each once', async () => {
    const s = await started(() => ({ n: 1 }));
    const results = consumer(s, 'results');
    await s.clock.advance(180_000);
    await s.quiet();
    const result = { job_id: 'tick', agentool: 'tick', result: { n: 1 }, status: 'success' };
    await s.clock.advance(60_000);
    expect(results.got.slice(0, 3)).toEqual([
      { ...result, timestamp: '2026-03-01T00:01:30.000Z' },
      { ...result, timestamp: '2026-03-01T00:02:30.000Z' },
      { ...result, timestamp: '2026-03-01T00:03:30.000Z' },
    ]);
    await results.stop();
    expect((await s.service.queues.size('results')).leased).toBe(0);
  });

  it('that is full costs the run a warning and nothing else', async () => {
    const s = await started(() => ({ n: 1 }), '', 'queues: { max_size: 1 }\n');
    await s.clock.advance(120_000);
    const [first, second] = await s.rows('tick');
    expect(first).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(second).toMatchObject({ state: 'succeeded', statistics: { n: 1 } });
    expect(second?.warnings[0]).toContain('queue results is full (1 messages, scheduler.queues.max_size)');
    await expect(s.service.queues.put('results', 'more')).rejects.toMatchObject({
      code: 'QUOTA_EXCEEDED',
      fix: expect.stringContaining('scheduler.queues.max_size'),
    });
  });

  it('follows the settings without a restart', async () => {
    const s = await started(() => ({}), '', 'queues: { max_size: 1 }\n');
    await s.clock.advance(60_000);
    await s.writeSettings(`timezone: UTC\nqueues: { max_size: 2 }\njobs: {}`);
    await s.installed.reload();
    expect(await s.service.queues.put('results', 'more')).toMatchObject({ id: expect.any(Number) });
  });
});

describe('the error queue', () => {
  it('gets the final failure only', async () => {
    const fails = () => {
      throw new Error('boom');
    };
    const s = await started(fails, ', retries: 1, retry_delay: 10s');
    await s.clock.advance(61_000);
    expect(await s.service.queues.peek('errors', 9)).toEqual([]);
    await s.clock.advance(20_000);
    expect(await s.service.queues.peek('errors', 9)).toMatchObject([
      { body: { job_id: 'tick', agentool: 'tick', error: 'boom', status: 'error' }, deliveries: 0 },
    ]);
  });
});

describe('a consumer', () => {
  const quiet = async () => ({});

  async function next(messages: AsyncGenerator<ReceivedMessage, void>): Promise<ReceivedMessage> {
    const { value } = await messages.next();
    if (!value) throw new Error('no message');
    return value;
  }

  it('that neither acknowledges nor gives back gets the message again when its lease is over', async () => {
    const s = await started(quiet);
    const signal = new AbortController().signal;
    await s.service.queues.put('work', { n: 1 });
    const messages = s.service.queues.consume('work', { signal, leaseMs: 5_000 });
    const first = await next(messages);
    const second = next(messages);
    await s.clock.advance(5_000);
    const again = await second;
    expect(again).toMatchObject({ id: first.id, body: { n: 1 }, deliveries: 2 });
    expect(await first.ack()).toBe(false);
    expect(await again.ack()).toBe(true);
    await messages.return();
  });

  it('waits for a message that is put later, and for one that is delayed', async () => {
    const s = await started(quiet);
    const signal = new AbortController().signal;
    const messages = s.service.queues.consume('work', { signal });
    const waiting = next(messages);
    await s.service.queues.put('work', 'soon', { delayMs: 90_000 });
    await s.clock.advance(60_000);
    await s.clock.advance(60_000);
    const message = await waiting;
    expect(message.body).toBe('soon');
    expect(Date.parse(message.due_at) - Date.parse(message.put_at)).toBeGreaterThanOrEqual(90_000);
    await messages.return();
  });

  it('that gives a message back too often makes a dead letter of it, which can be revived', async () => {
    const s = await started(quiet, '', 'queues: { max_retries: 1 }\n');
    const signal = new AbortController().signal;
    await s.service.queues.put('work', 'x');
    const messages = s.service.queues.consume('work', { signal });
    expect(await (await next(messages)).nack({ error: 'no' })).toBe('waiting');
    expect(await (await next(messages)).nack({ error: 'still no' })).toBe('dead');
    expect(await s.service.queues.dead('work', 9)).toMatchObject([{ body: 'x', error: 'still no' }]);
    expect(await s.service.queues.revive('work', 'anna')).toEqual({ revived: 1 });
    expect(await next(messages)).toMatchObject({ body: 'x', deliveries: 1 });
    await messages.return();
  });

  it('ends when it is told to', async () => {
    const s = await started(quiet);
    const results = consumer(s, 'nothing');
    await results.stop();
    expect(results.got).toEqual([]);
  });
});

it('a queue that nobody knows is told with the nearest, a name that is none with what one is', async () => {
  const s = await started(() => ({}));
  await expect(s.service.queues.peek('resluts', 1)).rejects.toMatchObject({
    code: 'QUEUE_NOT_FOUND',
    fix: 'did you mean results?',
  });
  await expect(s.service.queues.put('a b', 1)).rejects.toMatchObject({ code: 'INVALID_PARAMETERS' });
  await expect(s.service.queues.put('a', 'x'.repeat(1_100_000))).rejects.toMatchObject({ code: 'TOO_LARGE' });
});
