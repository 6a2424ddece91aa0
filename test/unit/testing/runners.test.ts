// The testing part of the package works under Node's own test runner as it does here, also for a test outside the package.

import { expect, it } from 'vitest';
import { nodeTests } from '../../support/node-tests.ts';

const JOB = `import { defineJob } from 'aclarai-scheduler';
export default defineJob({ defaults: { cron: '0 4 * * *' }, async run(ctx) { await ctx.sleep('30m'); return { n: 1 }; } });
`;
const TEST = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestScheduler, runJob } from 'aclarai-scheduler/testing';
import job from './nightly.ts';

test('once', async () => {
  assert.equal((await runJob(job)).outcome, 'succeeded');
});

test('for a day', async () => {
  await using scheduler = await createTestScheduler({ jobs: { job } });
  await scheduler.clock.advance('1d');
  assert.deepEqual((await scheduler.runs()).map((run) => run.state), ['succeeded']);
});
`;

it('node --test runs both, and ends by itself', async () => {
  expect(await nodeTests({ 'nightly.ts': JOB, 'nightly.test.ts': TEST })).toContain('# pass 2');
});
