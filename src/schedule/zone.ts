// A time zone as stretches of constant offset, so that the calendar walk need not ask Temporal about every slot.

import { closest } from '#core/did-you-mean';
import { SchedulerError } from '#core/errors';
import type { WallSecond } from './wall.ts';

/** An instant in whole seconds since 1970-01-01T00:00:00Z. */
export type EpochSecond = number;

/** The instants of ECMAScript reach this far from 1970, either way. */
export const LAST_SECOND: EpochSecond = 8_640_000_000_000;

/** A span of time in which a zone keeps one offset. */
export interface Stretch {
  /** Its first second; −Infinity where the zone begins. */
  readonly start: EpochSecond;
  /** The first second after it; Infinity where the offset never changes again. */
  readonly end: EpochSecond;
  /** Wall second = instant + offset. */
  readonly offset: number;
  /**
   * Where the clocks of the zone stood before the stretch began: they had shown every wall time before this
   * one. Less than `start + offset` when they were put forward (the difference is the gap), greater when they
   * were put back (the difference is shown again).
   */
  readonly reached: WallSecond;
}

/** No two real changes that interact are further apart: offsets lie within ±16 h. */
const INTERACTING_S = 32 * 3600;

/** The stretches of one zone, found through Temporal when first needed and kept. */
export class Zone {
  readonly name: string;
  readonly #known: Stretch[] = [];
  #latest: Stretch;

  constructor(name: string) {
    this.name = name;
    this.#latest = this.#measure(0);
    this.#known.push(this.#latest);
  }

  /** The stretch that holds an instant. */
  at(second: EpochSecond): Stretch {
    const latest = this.#latest;
    if (second >= latest.start && second < latest.end) return latest;
    const place = this.#placeOf(second);
    const before = this.#known[place - 1];
    if (before && second < before.end) {
      this.#latest = before;
      return before;
    }
    const found = this.#measure(second);
    this.#known.splice(place, 0, found);
    this.#latest = found;
    return found;
  }

  /** How many known stretches begin at or before `second`. */
  #placeOf(second: EpochSecond): number {
    let low = 0;
    let high = this.#known.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#known[middle]!.start <= second) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #measure(second: EpochSecond): Stretch {
    const inside = this.#zoned(second);
    const offset = inside.offsetNanoseconds / 1e9;
    const began = inside.getTimeZoneTransition('previous');
    const ends = inside.getTimeZoneTransition('next');
    const end = ends ? secondOf(ends) : Number.POSITIVE_INFINITY;
    if (!began) return { start: Number.NEGATIVE_INFINITY, end, offset, reached: Number.NEGATIVE_INFINITY };
    const start = secondOf(began);
    return { start, end, offset, reached: this.#reachedBefore(start) };
  }

  #reachedBefore(start: EpochSecond): WallSecond {
    const before = this.#zoned(start - 1);
    const shown = start + before.offsetNanoseconds / 1e9;
    const began = before.getTimeZoneTransition('previous');
    if (!began || start - secondOf(began) > INTERACTING_S) return shown;
    return Math.max(shown, this.#reachedBefore(secondOf(began)));
  }

  /** The end of the second, so that "previous" finds a change at its very start. */
  #zoned(second: EpochSecond): Temporal.ZonedDateTime {
    const clamped = Math.max(-LAST_SECOND, Math.min(LAST_SECOND, second));
    const ms = Math.min(clamped * 1000 + 999, LAST_SECOND * 1000);
    return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(this.name);
  }
}

function secondOf(transition: Temporal.ZonedDateTime): EpochSecond {
  return transition.epochMilliseconds / 1000;
}

/** Pure memo: what a zone's stretches are does not depend on who asked before. */
const zones = new Map<string, Zone>();

/** The zone of an IANA name, one object for all who ask. Throws INVALID_SCHEDULE as `canonicalZone` does. */
export function zoneOf(name: string): Zone {
  const known = zones.get(name);
  if (known) return known;
  const zone = new Zone(canonicalZone(name));
  zones.set(name, zone);
  return zone;
}

/** An IANA name in its own spelling (`europe/berlin` → `Europe/Berlin`); others: INVALID_SCHEDULE, nearest name in the fix. */
export function canonicalZone(name: string): string {
  const refuse = (fix: string) =>
    new SchedulerError('INVALID_SCHEDULE', `"${name}" is not a time zone of the IANA database`, fix);
  if (/^[+-]/.test(name))
    throw refuse(
      'an offset has no rules for summer time; name a zone, e.g. Europe/Berlin, or Etc/GMT-2 for +02:00',
    );
  try {
    return new Temporal.ZonedDateTime(0n, name).timeZoneId;
  } catch {
    const near = nearestZone(name);
    throw refuse(near ? `did you mean "${near}"?` : 'write a name such as UTC or Europe/Berlin');
  }
}

function nearestZone(name: string): string | null {
  const names = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  const wanted = name.trim().replaceAll(' ', '_');
  const city = (zone: string) => zone.slice(zone.lastIndexOf('/') + 1);
  const sameCity = names.find((zone) => city(zone).toLowerCase() === city(wanted).toLowerCase());
  return sameCity ?? closest(wanted, names) ?? names.find((zone) => closest(wanted, [city(zone)])) ?? null;
}
