// What a simulation foretells is what the service does: random jobs, both ways, row by row.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EpochMs } from '#core/clock';
import type { RunShape } from '#service/shapes';
import type { SimulatedRun } from '#service/simulation';
import { createScenario, type HandlerFunction, isoOf, type Scenario } from '../support/scenario.ts';

const FIRST = Date.parse('2026-03-02T00:00:10Z');
const FROM = Date.parse('2026-03-02T00:00:50Z');
const MINUTE = 60_000;

interface RandomJob {
  schedule: string;
  /** Whole seconds; each job adds milliseconds of its own, so that no end meets a slot. */
  takes: number;
  policy: Record<string, unknown>;
  runOnStart: boolean;
}

interface RandomCase {
  cap: number;
  jobs: RandomJob[];
  /** Minutes of the beginnings and of how long they last. */
  downs: [after: number, lasts: number][];
  pause: [after: number, lasts: number] | null;
  minutes: number;
}

const anyPolicy = fc.record(
  {
    overlap: fc.constantFrom('skip', 'queue_one', 'queue_all', 'cancel_previous', 'allow'),
    coalesce: fc.boolean(),
    max_instances: fc.constantFrom(1, 1, 2),
    misfire_policy: fc.constantFrom('skip', 'latest', 'all'),
    misfire_grace_time: fc.constantFrom(0, 90, 300, null),
    catchup_max: fc.constantFrom(1, 3, 10),
    catchup_window: fc.constantFrom('10m', '1d'),
    queue_timeout: fc.constantFrom('3m', '20m'),
    max_executions: fc.constantFrom(2, 7),
    priority: fc.constantFrom(1, 100, 200),
    group: fc.constantFrom('g', 'h'),
    jitter: fc.constantFrom('5s', '1m'),
  },
  { requiredKeys: [] },
);

/**
 * A run that one of its group cancels in the pass that admitted it may have started in that pass, or not: the ledger
 * starts at once where nobody has to wait.
 */
const policy = anyPolicy.map(({ group, ...rest }) =>
  rest.overlap === 'cancel_previous' || group === undefined ? rest : { ...rest, group },
);

const job: fc.Arbitrary<RandomJob> = fc.record({
  schedule: fc.constantFrom(
    'cron: "* * * * *"',
    'cron: "*/2 * * * *"',
    'cron: "*/5 * * * *"',
    'cron: "7,8,9,40 * * * *"',
    'cron: "15 0 * * *"',
    'every: 3m, anchor: "2026-03-02T00:00:00Z"',
    'every: 90s, anchor: "2026-03-02T00:00:20Z"',
    'at: "2026-03-02T00:30:00Z"',
  ),
  takes: fc.constantFrom(0, 20, 50, 110, 200, 700),
  policy,
  runOnStart: fc.boolean(),
});

const randomCase: fc.Arbitrary<RandomCase> = fc.record({
  cap: fc.constantFrom(1, 2, 10),
  jobs: fc.array(job, { minLength: 2, maxLength: 5 }),
  downs: fc.array(fc.tuple(fc.integer({ min: 5, max: 30 }), fc.integer({ min: 1, max: 40 })), {
    maxLength: 2,
  }),
  pause: fc.option(fc.tuple(fc.integer({ min: 2, max: 38 }), fc.integer({ min: 1, max: 70 }))),
  minutes: fc.constantFrom(40, 100),
});

type Span = { from: EpochMs; to: EpochMs };

/** None begins or ends on a slot: what of two things at one instant comes first is chance in a service. */
function spansOf({ downs, pause, minutes }: RandomCase): { downs: Span[]; pause: Span | null; to: EpochMs } {
  const found: Span[] = [];
  let at = FROM;
  for (const [after, lasts] of downs) {
    const from = at + after * MINUTE + 37_000;
    at = from + lasts * MINUTE + 11_000;
    found.push({ from, to: at });
  }
  const begin = FROM + (pause?.[0] ?? 0) * MINUTE + 24_500;
  const held = pause && { from: begin, to: begin + pause[1] * MINUTE + 13_000 };
  return { downs: found, pause: held, to: Math.max(at + MINUTE, FROM + minutes * MINUTE) };
}

const idOf = (n: number) => `job${n}`;
const takesMs = (job: RandomJob, n: number) => (job.takes === 0 ? 0 : job.takes * 1000 + n + 1);

async function scenarioOf({ cap, jobs }: RandomCase): Promise<Scenario> {
  const entries = jobs.map(({ schedule, policy: keys, runOnStart }, n) => {
    const written = Object.entries(keys).map(([key, value]) => `, ${key}: ${JSON.stringify(value)}`);
    return `  ${idOf(n)}: { enabled: true, run_on_start: ${runOnStart}, ${schedule}${written.join('')} }`;
  });
  const handlers: Record<string, HandlerFunction> = {};
  for (const [n, each] of jobs.entries())
    handlers[idOf(n)] = async (ctx) => {
      if (scenario.clock.now() >= FROM && takesMs(each, n) > 0) await ctx.sleep(takesMs(each, n));
    };
  const head = `shutdown: { drain: 0, abort: 1 }\nmax_concurrent_executions: ${cap}\njobs:\n`;
  const scenario = await createScenario({ at: isoOf(FIRST), scheduler: head + entries.join('\n'), handlers });
  return scenario;
}

interface Told {
  job: string;
  kind: string;
  slot: string | null;
  outcome: string;
  reason: string | null;
  covers: object | null;
  starts: EpochMs | null;
  ends: EpochMs | null;
}

const instant = (iso: string | null) => (iso === null ? null : Date.parse(iso));
const sorted = (rows: Told[]) => rows.map((row) => JSON.stringify(row)).sort();

/** What is still under way at the end has no end yet. */
function foretold(runs: readonly SimulatedRun[], to: EpochMs): string[] {
  const rows = runs.map(({ job, kind, slot, outcome, reason, covers, starts_at, ends_at }): Told => {
    const ends = instant(ends_at);
    const isOver = ends !== null && ends < to;
    return {
      job,
      kind,
      slot,
      outcome,
      reason,
      covers,
      starts: instant(starts_at),
      ends: isOver ? ends : null,
    };
  });
  return sorted(rows);
}

function happened(runs: readonly RunShape[]): string[] {
  const rows = runs.map(({ job, kind, slot, state, reason, covers, started_at, ended_at }): Told => {
    const outcome = state === 'skipped' || state === 'missed' ? state : 'run';
    const starts = state === 'queued' ? null : instant(started_at);
    return {
      job,
      kind,
      slot,
      outcome,
      reason,
      covers,
      starts,
      ends: starts === null ? null : instant(ended_at),
    };
  });
  return sorted(rows);
}

/** The service from its first start to `to`; answers what it wrote after that start. */
async function live(scenario: Scenario, spans: ReturnType<typeof spansOf>): Promise<RunShape[]> {
  const { downs, pause, to } = spans;
  const command = await scenario.command();
  let isUp = true;
  const turn = (up: boolean) => async () => {
    isUp = up;
    await (up ? scenario.start() : scenario.stop());
  };
  const events: { at: EpochMs; what: () => Promise<unknown> }[] = downs.flatMap((down) => [
    { at: down.from, what: turn(false) },
    { at: down.to, what: turn(true) },
  ]);
  if (pause) {
    const hold = { reason: null, until: pause.to, by: 'test' };
    events.push({ at: pause.from, what: () => (isUp ? scenario : command).service.pause(hold) });
  }
  for (const { at, what } of events.filter((event) => event.at < to).sort((a, b) => a.at - b.at)) {
    await scenario.clock.advanceTo(at);
    await what();
    await scenario.quiet();
  }
  await scenario.clock.advanceTo(to - 1);
  const rows = await command.service.history({ limit: 5_000 });
  return rows.filter((row) => Date.parse(row.queued_at) >= FROM);
}

async function both(each: RandomCase): Promise<{ said: string[]; done: string[] }> {
  const scenario = await scenarioOf(each);
  const spans = spansOf(each);
  await scenario.start();
  await scenario.stop();
  const command = await scenario.command();
  const range = (span: Span) => `${isoOf(span.from)}..${isoOf(span.to)}`;
  await scenario.clock.advanceTo(FROM);
  const shape = await command.service.simulate({
    from: isoOf(FROM),
    to: isoOf(spans.to),
    down: [range({ from: FROM, to: FROM + 1_000 }), ...spans.downs.map(range)],
    pause: spans.pause ? [range(spans.pause)] : [],
    duration: each.jobs.map((job, n) => `${idOf(n)}=${takesMs(job, n)}ms`),
  });
  await scenario.clock.advanceTo(FROM + 1_000);
  await scenario.start();
  const rows = await live(scenario, spans);
  await scenario.stop();
  return { said: foretold(shape.runs, spans.to), done: happened(rows) };
}

const every = (takes: number, policy: RandomJob['policy'], minutes = '*'): RandomJob => ({
  ...{ schedule: `cron: "${minutes} * * * *"`, takes, policy, runOnStart: false },
});
const rest = { cap: 1, pause: null, minutes: 40 };
/** Executions given back to the line that takes their place, and to another job of the group; two ends at one instant. */
const KNOWN: [RandomCase][] = [
  [
    {
      ...{ ...rest, downs: [[5, 4]] },
      jobs: [
        every(0, { overlap: 'cancel_previous', coalesce: false, max_executions: 2 }),
        every(700, {}),
        { ...every(200, {}), runOnStart: true },
      ],
    },
  ],
  [
    {
      ...{ ...rest, downs: [] },
      jobs: [
        every(200, { misfire_grace_time: 0 }),
        every(50, { overlap: 'allow', max_executions: 2, group: 'h' }),
        every(0, { overlap: 'cancel_previous', group: 'h' }, '*/5'),
      ],
    },
  ],
  [
    {
      ...{ ...rest, cap: 10, downs: [] },
      jobs: [
        every(110, { overlap: 'queue_all', max_instances: 2, priority: 200, group: 'h' }, '1,2,3'),
        every(20, { overlap: 'queue_one', group: 'h' }, '1-9'),
        every(700, {}, '*/5'),
      ],
    },
  ],
];

describe('a simulation and the service', () => {
  it('say the same of random jobs', async () => {
    await fc.assert(
      fc.asyncProperty(randomCase, async (each) => {
        const { said, done } = await both(each);
        expect(said).toEqual(done);
      }),
      {
        endOnFailure: true,
        examples: KNOWN,
        numRuns: Number(process.env.SIMULATION_RUNS ?? 5),
        seed: Number(process.env.SIMULATION_SEED ?? 1),
      },
    );
  }, 1_800_000);
});
