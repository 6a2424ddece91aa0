// How fast the calendar finds the next slot, beside croner on the same questions in the same run; both must agree.

import { Cron } from 'croner';
import { buildSchedule } from '#schedule/parse';
import { type Figure, figure, median } from './figure.ts';

const EXPRESSIONS = [
  '*/5 * * * *',
  '0 3 * * *',
  '0 0 1 * *',
  '30 4 1,15 * 5',
  '0 9 * * 1-5',
  '0 0 29 2 *',
  '15 10 * * MON#2',
  '0 0 L * *',
];
const ZONES = ['UTC', 'America/New_York'];
const ROUNDS = 7;
const QUESTIONS = 300;
/** Our rounds ask the same questions this often, so that a round is long enough to be timed. */
const REPEATS = 30;

interface Case {
  name: string;
  oursNs: number;
  cronerNs: number;
}

export async function figures(): Promise<Figure[]> {
  const cases = ZONES.flatMap((zone) => EXPRESSIONS.map((expression) => measure(expression, zone)));
  const ratios = cases.map(({ oursNs, cronerNs }) => cronerNs / oursNs);
  const least = cases[ratios.indexOf(Math.min(...ratios))]!;
  return [
    figure({
      figure: 'next-fire',
      value: mean(cases.map((each) => each.oursNs)),
      unit: 'ns/slot',
      yardstick: 'croner nextRun',
      yardstick_value: mean(cases.map((each) => each.cronerNs)),
      better: 'lower',
      ratio: mean(ratios),
      goal: 80,
    }),
    figure({
      figure: 'next-fire, least of all',
      value: least.oursNs,
      unit: 'ns/slot',
      yardstick: `croner ${least.name}`,
      yardstick_value: least.cronerNs,
      better: 'lower',
      goal: 25,
    }),
  ];
}

function measure(expression: string, timezone: string): Case {
  const ours = buildSchedule({ kind: 'cron', expression, timezone, dayMatch: 'or' });
  const theirs = new Cron(expression, { timezone });
  const instants = questions();
  const dates = instants.map((instant) => new Date(instant));
  for (const [place, instant] of instants.entries()) {
    const [own, other] = [ours.next(instant), theirs.nextRun(dates[place])?.getTime()];
    if (own !== other)
      throw new Error(
        `${expression} in ${timezone} after ${dates[place]?.toISOString()}: ${own}, croner ${other}`,
      );
  }
  const own: number[] = [];
  const other: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    own.push(
      nsPerQuestion(REPEATS, () => {
        for (const instant of instants) ours.next(instant);
      }),
    );
    other.push(
      nsPerQuestion(1, () => {
        for (const date of dates) theirs.nextRun(date);
      }),
    );
  }
  return { name: `${expression} ${timezone}`, oursNs: median(own), cronerNs: median(other) };
}

/** Instants over 15 years, in no order, so that neither side lives off what it found last; the same every run. */
function questions(): number[] {
  const from = Date.UTC(2020, 0, 1);
  const span = Date.UTC(2035, 0, 1) - from;
  let state = 20_260_101;
  return Array.from({ length: QUESTIONS }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return from + Math.floor((state / 2 ** 32) * span);
  });
}

function nsPerQuestion(repeats: number, ask: () => void): number {
  const started = performance.now();
  for (let repeat = 0; repeat < repeats; repeat++) ask();
  return ((performance.now() - started) * 1e6) / (repeats * QUESTIONS);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
