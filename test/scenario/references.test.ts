// References in the input of a run: the handler gets what they name, everybody else sees the reference.

import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createScenario, type ScenarioOptions } from '../support/scenario.ts';

const SECRET = 'sesame-open-4711';
const at = '2026-03-01T00:00:30Z';
const env = { TOKEN: SECRET, OTHER: 'not-to-be-read' };
const job = (input: string) =>
  `timezone: UTC\nsecrets: [TOKEN]\njobs:\n  tick: { handler: tick, enabled: true, cron: "1 0 * * *", retries: 0, result_queue: results, error_queue: errors, input: { ${input} } }`;

async function ran(input: string, over: Partial<ScenarioOptions> = {}) {
  const s = await createScenario({ at, env, scheduler: job(input), ...over });
  await s.start();
  await s.service.keys.set('now', { hour: 12 }, 'anna');
  await s.advanceTo('2026-03-01T00:01:00Z');
  const [run] = await s.rows('tick');
  if (!run) throw new Error('nothing ran');
  return { s, run };
}

/** Everything that anybody could see of it afterwards. */
async function visible(s: Awaited<ReturnType<typeof ran>>['s']): Promise<string> {
  const { queues } = s.service;
  return JSON.stringify([
    s.lines,
    await s.rows(),
    await s.service.find('tick'),
    await queues.peek('results', 9),
    await queues.peek('errors', 9),
  ]);
}

describe('a run', () => {
  it('gets what its references name, and is kept with the references', async () => {
    const { s, run } = await ran(
      'a: { now: "!ref:storage_kv:now" }, b: ["!ref:config:model"], c: "!ref:env:TOKEN"',
      {
        sections: 'model: gpt\nhousekeeper: { allowed_roots: [root] }',
        handlers: { tick: () => ({}) },
      },
    );
    expect(s.calls[0]?.ctx.input).toEqual({ a: { now: { hour: 12 } }, b: ['gpt'], c: SECRET });
    expect(run.input).toEqual({
      a: { now: '!ref:storage_kv:now' },
      b: ['!ref:config:model'],
      c: '!ref:env:TOKEN',
    });
    expect(run.warnings).toEqual([]);
    expect(await visible(s)).not.toContain(SECRET);
  });

  it('reads a file as it is when it runs', async () => {
    const s = await createScenario({
      at,
      scheduler: job('a: "!ref:storage_fs:root/note.txt"'),
      sections: 'housekeeper: { allowed_roots: [root] }',
      handlers: { tick: (ctx) => ({ a: ctx.input.a }) },
    });
    await s.start();
    await mkdir(path.join(s.dir, 'root'));
    await writeFile(path.join(s.dir, 'root/note.txt'), 'written later');
    await s.advanceTo('2026-03-01T00:01:00Z');
    expect((await s.rows('tick'))[0]?.statistics).toEqual({ a: 'written later' });
  });

  it('says in a warning what stands for nothing, and runs all the same', async () => {
    const { s, run } = await ran(
      'a: "!ref:storage_kv:gone", b: "!ref:env:OTHER", c: "!ref:config:databases"',
      {
        sections: 'databases: { neo4j: { host: h, password: hidden-9 } }\nvault: { graph: embedded }',
        handlers: { tick: () => ({}) },
      },
    );
    expect(run.state).toBe('succeeded');
    expect(s.calls[0]?.ctx.input).toEqual({
      a: '<undefined:!ref:storage_kv:gone>',
      b: '<invalid_ref:!ref:env:OTHER>',
      c: '<invalid_ref:!ref:config:databases>',
    });
    expect(run.warnings).toEqual([
      expect.stringContaining('there is no key gone'),
      expect.stringContaining('scheduler.secrets'),
      expect.stringContaining('secret'),
    ]);
    expect(s.lines.filter(({ msg }) => String(msg).includes('stands for nothing'))).toHaveLength(3);
  });
});

describe('a secret', () => {
  it.each(['answered', 'thrown', 'kept', 'logged'])('that is %s is seen as the reference', async (how) => {
    const { s, run } = await ran('token: "!ref:env:TOKEN"', {
      handlers: {
        tick: (ctx) => {
          if (how === 'thrown') throw new Error(`refused ${ctx.input.token}`);
          if (how === 'kept') ctx.state = { token: ctx.input.token ?? null };
          if (how === 'logged') ctx.log.info(`with ${ctx.input.token}`, { token: ctx.input.token });
          ctx.progress(1, 1, `with ${ctx.input.token}`);
          return how === 'answered' ? { [`x${ctx.input.token}`]: [ctx.input.token] } : {};
        },
      },
    });
    const seen = await visible(s);
    expect(seen).not.toContain(SECRET);
    if (how === 'answered') expect(run.statistics).toEqual({ 'x!ref:env:TOKEN': ['!ref:env:TOKEN'] });
    if (how === 'thrown') expect(run.error?.message).toBe('refused !ref:env:TOKEN');
    if (how === 'logged') expect(seen).toContain('with !ref:env:TOKEN');
  });

  it('in the captured output of a thread is seen as the reference', async () => {
    const { s, run } = await ran('token: "!ref:env:TOKEN"', {
      files: {
        'tick.ts': `import { defineJob } from 'aclarai-scheduler';
          export default defineJob({ run(ctx) {
            console.log('printed ' + ctx.input.token);
            return { length: ctx.input.token.length, token: ctx.input.token };
          } });`,
      },
    });
    expect(run.statistics).toEqual({ length: SECRET.length, token: '!ref:env:TOKEN' });
    const seen = await visible(s);
    expect(seen).toContain('printed ');
    expect(seen).not.toContain(SECRET);
  });
});

it('a reference is no fault of a typed input before it is known, and one of the run if it does not fit then', async () => {
  const file = `import { defineJob, z } from 'aclarai-scheduler';
    export default defineJob({ input: z.strictObject({ n: z.number() }), run: (ctx) => ({ n: ctx.input.n }) });`;
  const { s, run } = await ran('n: "!ref:storage_kv:n"', { files: { 'tick.ts': file } });
  expect(run.error).toMatchObject({ code: 'INVALID_PARAMETERS' });
  await s.service.keys.set('n', 7, 'anna');
  const again = await s.service.runNow('tick', { by: 'anna' });
  await s.quiet();
  expect((await s.service.run(again.run_id)).statistics).toEqual({ n: 7 });
});
