// Values of the shapes as short words for people: times, durations, statistics. Pure.

import { formatDuration } from '#core/duration';
import type { Json } from '#core/handler';

/** What stands where there is no value. */
export const NONE = '-';

/** `2026-03-29T03:00:00+02:00` → `2026-03-29 03:00:00+02:00`: the wall clock of the zone with its offset. */
export function timeText(iso: string | null): string {
  return iso === null ? NONE : iso.replace('T', ' ').replace(/\.\d+/, '');
}

/** The same instant in UTC. */
export function utcText(iso: string): string {
  return timeText(Temporal.Instant.from(iso).toString());
}

/** Seconds of the shapes: `2.1s`, `5m`, `1h 2m`. */
export function secondsText(seconds: number | null): string {
  if (seconds === null) return NONE;
  if (seconds < 60) return formatDuration(Math.round(seconds * 1000));
  const whole = Math.round(seconds);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  const two = parts.slice(first, first + 2).filter(([amount]) => amount > 0);
  return two.map(([amount, unit]) => `${amount}${unit}`).join(' ');
}

/** `items_processed 12, items_updated 3`: what counted something, in its order; where nothing did, that it was 0. */
export function statisticsText(statistics: Readonly<Record<string, Json>>): string {
  const told = Object.entries(statistics).filter(
    ([key, value]) => key !== 'success' && key !== 'error' && value !== null,
  );
  const counted = told.filter(([, value]) => value !== 0);
  const shown = counted.length > 0 ? counted : told.slice(0, 1);
  return shown.map(([key, value]) => `${key} ${valueText(value)}`).join(', ');
}

/** A value on one line. */
export function valueText(value: Json): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.length > 3) return `[${value.length} items]`;
  return JSON.stringify(value);
}

/** `812 kB`, `4.2 MB`: as disks are sold, in thousands. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const amount = bytes / 1000 ** step;
  return `${step === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[step]}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Texts of jobs and files never steer the terminal: control characters become spaces, line ends stay. */
export function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, ' ');
}

/** As `printable`, on one line. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s*\n\s*/g, ' ');
}
