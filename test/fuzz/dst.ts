/*
 * The calendar of rule 12 under random load: any pattern, every zone, every change of clocks from 1970 to 2037,
 * our slots beside croner's and beside a slow reading of the rule that asks Temporal about every wall time.
 *
 *     npm run fuzz -- dst --cases 200000 --seed 7      all of it; the seed is printed, and fresh when not given
 *     npm run fuzz -- dst --seed 7 --only 1234         one case again, every slot shown
 *
 * In every case our slots have to be those of the slow reading, walked by `next`, walked by `prev`, and counted.
 * croner may differ for the reasons of this closed list (docs/decisions/0006-where-croner-differs.md tells users);
 * a slot that only one side has and that none of them explains is a bug, and the exit code is 1:
 *
 * - `gap_of_list`: croner runs what falls in a gap only where hour, minute and second are "fixed": one value each,
 *   or, with its `fixedTimeRule: 'no-wildcard'`, free of `*` and `/`. A list, a range or a stepped range in a gap is
 *   lost. Ours runs once, at the end of the gap. Proved: the clocks are put forward over a matching time at that
 *   very instant, what they show then does not match, and croner does not count the pattern as fixed.
 * - `gap_over_midnight`: and even then croner wants the end of the gap on the date of the planned time. Lost where
 *   midnight is skipped and the time lies before it, and wherever a day is. Proved: no matching time of the gap
 *   has the date on which it ends.
 * - `repeated_list`: what croner does not count as fixed it runs in both passes of a repeated hour. Proved: the
 *   clocks showed the same time before, the law has it there, and croner does not count the pattern as fixed.
 * - `wide_repeat`: croner looks 3 hours away for the other pass; where clocks go back further (Vostok 1994: 7 h) it
 *   finds one of the two, whichever. Proved: both passes lie further apart.
 *
 * What croner cannot read (`L-3`, `LW` in a list) is held against the slow reading only: `law_only`.
 */

import { parseArgs } from 'node:util';
import { Cron } from 'croner';
import { SchedulerError } from '#core/errors';
import { buildSchedule } from '#schedule/parse';
import { slotsByTrying } from '../unit/schedule/reference.ts';
import { backward, forward, show } from '../unit/schedule/walk.ts';
import { type Case, drawCase, enumerateWorld, type World } from './dst-cases.ts';
import { type Reason, reasonFor } from './dst-reasons.ts';
import type { Pattern } from './patterns.ts';
import { Random } from './random.ts';

/** Slots of one window that are compared: what follows the last of them is cut off. */
const MOST_SLOTS = 30;

/** What became of one case. */
type Verdict =
  | { kind: 'equal' | 'law_only' | 'refused' }
  | { kind: 'explained'; reasons: ReadonlySet<Reason> }
  | { kind: 'bug'; what: string };

/** Totals of a run. */
export interface Summary {
  totals: Record<Verdict['kind'], number>;
  /** Cases that differ for this reason; one case may have several. */
  reasons: Record<Reason, number>;
  /** How many changes of clocks lay in the windows, each counted once. */
  met: number;
  /** Each with the case and all answers. */
  bugs: string[];
}

/** Runs cases 0 to `cases` − 1 of a seed. The same seed gives the same cases on the same tz database. */
export function fuzz(cases: number, seed: number, world: World = enumerateWorld()): Summary {
  const totals = { equal: 0, explained: 0, law_only: 0, refused: 0, bug: 0 };
  const reasons = { gap_of_list: 0, gap_over_midnight: 0, repeated_list: 0, wide_repeat: 0 };
  const met = new Set<string>();
  const bugs: string[] = [];
  for (let index = 0; index < cases; index++) {
    const drawn = draw(seed, index, world);
    const verdict = judge(drawn);
    totals[verdict.kind]++;
    if (verdict.kind === 'explained') for (const reason of verdict.reasons) reasons[reason]++;
    if (verdict.kind === 'bug')
      bugs.push(`bug: --seed ${seed} --only ${index}: ${verdict.what}\n${describe(drawn)}`);
    for (const { zone, at } of world.byZone.get(drawn.zone)!)
      if (at > drawn.after && at <= drawn.upTo) met.add(`${zone} ${at}`);
  }
  return { totals, reasons, met: met.size, bugs };
}

function draw(seed: number, index: number, world: World): Case {
  const drawn = drawCase(new Random(seed, index), world);
  const law = slotsByTrying(drawn.pattern, drawn.zone, drawn.after, drawn.upTo);
  return law.length > MOST_SLOTS ? { ...drawn, upTo: law[MOST_SLOTS - 1]! } : drawn;
}

function judge(drawn: Case): Verdict {
  const { pattern, zone, after, upTo } = drawn;
  const law = slotsByTrying(pattern, zone, after, upTo);
  try {
    const { text, dayMatch } = pattern;
    const schedule = buildSchedule({ kind: 'cron', expression: text, timezone: zone, dayMatch });
    const ours = forward(schedule, after, upTo);
    if (!same(ours, law)) return bug('next disagrees with the slow reading');
    if (!same(backward(schedule, after, upTo), ours)) return bug('prev disagrees with next');
    if (schedule.count(after, upTo) !== ours.length) return bug('count disagrees with next');
  } catch (error) {
    const isRefused = error instanceof SchedulerError && error.code === 'INVALID_SCHEDULE';
    return isRefused && neverComes(pattern) ? { kind: 'refused' } : bug(String(error));
  }
  if (pattern.croner === null) return { kind: 'law_only' };
  const theirs = cronerSlots(drawn);
  return same(theirs, law) ? { kind: 'equal' } : explain(drawn, law, theirs);
}

function explain(drawn: Case, law: readonly number[], theirs: readonly number[]): Verdict {
  const reasons = new Set<Reason>();
  const [inLaw, inTheirs] = [new Set(law), new Set(theirs)];
  for (const slot of inLaw.symmetricDifference(inTheirs)) {
    const reason = reasonFor(drawn, slot, inLaw.has(slot));
    const who = inLaw.has(slot) ? 'croner lacks' : 'only croner has';
    if (!reason) return bug(`${who} ${show(slot, drawn.zone)}, and no reason on the list explains it`);
    reasons.add(reason);
  }
  return { kind: 'explained', reasons };
}

/** croner's slots in the window. A day field that begins with a star restricts nothing here: `domAndDow` says so there. */
function cronerSlots({ pattern, zone, after, upTo, fixedTimeRule }: Case): number[] {
  const cron = new Cron(pattern.croner!, { timezone: zone, domAndDow: !pattern.either, fixedTimeRule });
  const slots: number[] = [];
  let asked = new Date(after);
  for (;;) {
    const slot = cron.nextRun(asked);
    if (!slot || slot.getTime() > upTo) return slots;
    if (slot <= asked)
      throw new RangeError(`croner: after ${asked.toISOString()} comes ${slot.toISOString()}`);
    slots.push(slot.getTime());
    asked = slot;
  }
}

/** No month that is named has a day that is named: the one refusal that a drawn text may meet. */
function neverComes({ matchesMonthDay }: Pattern): boolean {
  const leapYear = Array.from({ length: 366 }, (_, day) =>
    new Temporal.PlainDate(2024, 1, 1).add({ days: day }),
  );
  return !leapYear.some(matchesMonthDay);
}

const bug = (what: string): Verdict => ({ kind: 'bug', what });
const same = (one: readonly number[], other: readonly number[]) => one.join() === other.join();

/** The case with all three answers. */
function describe(drawn: Case): string {
  const { pattern, zone, after, upTo, fixedTimeRule } = drawn;
  const shown = (slots: () => number[]) => {
    try {
      return slots()
        .map((slot) => show(slot, zone))
        .join(' ');
    } catch (error) {
      return String(error);
    }
  };
  const spec = {
    kind: 'cron',
    expression: pattern.text,
    timezone: zone,
    dayMatch: pattern.dayMatch,
  } as const;
  return [
    `  ${zone} "${pattern.text}" day_match ${pattern.dayMatch}, croner's "${pattern.croner}" by ${fixedTimeRule}`,
    `  in (${show(after, zone)}, ${show(upTo, zone)}]`,
    `  ours    ${shown(() => forward(buildSchedule(spec), after, upTo))}`,
    `  croner  ${pattern.croner === null ? 'cannot read it' : shown(() => cronerSlots(drawn))}`,
    `  the law ${shown(() => slotsByTrying(pattern, zone, after, upTo))}`,
  ].join('\n');
}

/** The command line; the exit code. */
export function run(args: string[]): number {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args, options: { cases: text, seed: text, only: text } });
  const seed = Number(values.seed ?? Date.now() % 2 ** 31);
  const cases = Number(values.cases ?? 20_000);
  if (![seed, cases, Number(values.only ?? 0)].every(Number.isSafeInteger))
    throw new TypeError('--cases, --seed and --only take whole numbers');
  if (values.only !== undefined) return runOne(seed, Number(values.only));
  const world = enumerateWorld();
  const started = performance.now();
  const { totals, reasons, met, bugs } = fuzz(cases, seed, world);
  const minutes = (performance.now() - started) / 60_000;
  const because = Object.entries(reasons).map(([reason, count]) => `${reason}: ${count}`);
  for (const each of bugs) console.log(each);
  console.log(
    `dst: seed ${seed}, tz database ${process.versions.tz}, ${Math.round(cases / minutes)} cases a minute`,
  );
  console.log(
    `cases ${cases}, zones ${world.zones.length}, transitions ${world.changes.length} (met ${met}), ` +
      `equal ${totals.equal}, explained ${totals.explained} {${because.join(', ')}}, ` +
      `law_only ${totals.law_only}, refused ${totals.refused}, bugs ${totals.bug}`,
  );
  return bugs.length > 0 ? 1 : 0;
}

function runOne(seed: number, index: number): number {
  const drawn = draw(seed, index, enumerateWorld());
  const verdict = judge(drawn);
  const more =
    verdict.kind === 'bug' ? verdict.what : verdict.kind === 'explained' ? [...verdict.reasons] : '';
  console.log(`${verdict.kind} ${more}\n${describe(drawn)}`);
  return verdict.kind === 'bug' ? 1 : 0;
}
