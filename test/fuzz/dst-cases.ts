// Zones and their changes of clocks in, random cases out: a pattern and a window aimed at a change, or at none.

import { type Aim, drawPattern, type Pattern } from './patterns.ts';
import type { Random } from './random.ts';

/** An instant from which on a zone has another offset. */
export interface Change {
  readonly zone: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Seconds by which the clocks are put forward; negative: back. */
  readonly shift: number;
}

/** Compare all slots in (after, upTo], epoch milliseconds. */
export interface Case {
  readonly pattern: Pattern;
  readonly zone: string;
  readonly after: number;
  readonly upTo: number;
  /** Which of croner's two readings of "a fixed time" is asked. */
  readonly fixedTimeRule: FixedTimeRule;
}

/** croner: a time is fixed when each of its fields is one value (its default), or when none has `*` or `/`. */
export type FixedTimeRule = 'single-value' | 'no-wildcard';

export interface World {
  readonly zones: readonly string[];
  readonly changes: readonly Change[];
  readonly byZone: ReadonlyMap<string, readonly Change[]>;
  /** Rare shifts are as likely as an hour: half hours, days, seven hours, 44 minutes and a half. */
  readonly byShift: readonly (readonly Change[])[];
}

const FROM = Date.UTC(1970, 0, 1);
const UNTIL = Date.UTC(2038, 0, 1);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** So many slots lie in the longest window, if the pattern matches on every day: more would tell nothing new. */
const SLOTS = 20;

/** Zones that skip days, change by odd amounts, at odd times, twice a spring, or had seconds in their offset. */
const ODD = [
  'Australia/Lord_Howe',
  'Antarctica/Troll',
  'Antarctica/Casey',
  'Antarctica/Vostok',
  'Africa/Casablanca',
  'Africa/El_Aaiun',
  'Africa/Cairo',
  'Africa/Monrovia',
  'America/Caracas',
  'America/Guyana',
  'America/Havana',
  'America/Montevideo',
  'America/Scoresbysund',
  'America/St_Johns',
  'Asia/Gaza',
  'Asia/Kathmandu',
  'Asia/Pyongyang',
  'Asia/Tehran',
  'Atlantic/Azores',
  'Europe/Dublin',
  'Europe/Lisbon',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Pacific/Fakaofo',
  'Pacific/Kiritimati',
  'Pacific/Kwajalein',
];

/** Every zone that the runtime knows, and every change of its clocks from 1970 to the end of 2037. */
export function enumerateWorld(): World {
  const zones = [...new Set([...Intl.supportedValuesOf('timeZone'), 'UTC', ...ODD])];
  const byZone = new Map(zones.map((zone) => [zone, changesOf(zone)] as const));
  const changes = [...byZone.values()].flat();
  return { zones, changes, byZone, byShift: [...Map.groupBy(changes, ({ shift }) => shift).values()] };
}

function changesOf(zone: string): Change[] {
  const found: Change[] = [];
  let before = Temporal.Instant.fromEpochMilliseconds(FROM).toZonedDateTimeISO(zone);
  for (;;) {
    const next = before.getTimeZoneTransition('next');
    if (!next || next.epochMilliseconds >= UNTIL) return found;
    const shift = (next.offsetNanoseconds - before.offsetNanoseconds) / 1e9;
    found.push({ zone, at: next.epochMilliseconds, shift });
    before = next;
  }
}

export function drawCase(random: Random, world: World): Case {
  const { zone, at } = drawInstant(random, world);
  const pattern = drawPattern(random, aimAt(zone, at));
  const fixedTimeRule = random.pick(['single-value', 'no-wildcard'] as const);
  return { pattern, zone, fixedTimeRule, ...drawWindow(random, at, pattern) };
}

/** Around the instant, as long as a handful of slots take: seconds, minutes, or weeks. Some begin or end in a repeated hour. */
function drawWindow(random: Random, at: number, pattern: Pattern): { after: number; upTo: number } {
  const perDay = pattern.hours.size * pattern.minutes.size * pattern.seconds.size;
  const longest = Math.min((DAY * SLOTS) / perDay, 60 * DAY);
  const span = Math.ceil(longest * random.fraction());
  const unit = random.pick([1, 1000, 60_000]);
  const soonAfter = at + random.integer(-1000, 2 * HOUR);
  const after = random.weighted([
    [6, at - span * random.fraction()],
    [1, soonAfter],
    [1, soonAfter - span],
  ]);
  const from = Math.floor(after / unit) * unit;
  return { after: from, upTo: from + span };
}

/** An instant in some zone: mostly a change. */
function drawInstant(
  random: Random,
  { zones, changes, byZone, byShift }: World,
): { zone: string; at: number } {
  const plain = (zone: string) => ({ zone, at: random.integer(FROM, UNTIL - 1) });
  const ofZone = (zone: string) => {
    const own = byZone.get(zone)!;
    return own.length === 0 ? plain(zone) : random.pick(own);
  };
  return random.weighted([
    [35, () => random.pick(changes)],
    [25, () => random.pick(random.pick(byShift))],
    [15, () => ofZone(random.pick(ODD))],
    [15, () => ofZone(random.pick(zones))],
    [10, () => plain(random.pick(zones))],
  ])();
}

/** What the clocks show around an instant: the last second before it, itself, and an hour either way. */
function aimAt(zone: string, at: number): Aim {
  const shown = [-HOUR, -1000, 0, HOUR].map((away) =>
    Temporal.Instant.fromEpochMilliseconds(at + away).toZonedDateTimeISO(zone),
  );
  const [before, on] = [shown[1]!, shown[2]!];
  const hours = shown.map(({ hour }) => hour);
  return {
    seconds: [0, 30, 59, on.second],
    minutes: [0, 30, 59, on.minute, before.minute],
    hours: [...hours, (before.hour + 1) % 24, (on.hour + 23) % 24],
    days: [on.day, before.day, Math.min(on.day + 1, 28)],
    months: [on.month, before.month],
    weekdays: [on.dayOfWeek % 7, before.dayOfWeek % 7],
  };
}
