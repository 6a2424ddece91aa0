// Pauses: no slot is held back without one, none is let through one, nothing starts in one (rule 6). Pure.

import type { HoldNote } from '../diary.ts';
import type { PauseRow, Row } from '../ledger.ts';
import { isoOf } from '../slots.ts';
import { type Accounts, type Case, isHeld, longestJitter } from './case.ts';
import { everyCrashLoopIsHeld, explainCrashLoop } from './crash-loops.ts';

/** A pause is dated back to the slot that is on time when it is first seen. */
const DATED_BACK_MS = 1_001;
/** Less than what a pause is dated back. */
const IN_TIME_MS = 900;
/** Between claim and the first line of a handler on a busy machine. */
const STARTING_MS = 1_000;

export function checkHolds(about: Case, accounts: Accounts): void {
  for (const pause of about.evidence.pauses)
    if (pause.source === 'crash_loop') explainCrashLoop(about, pause);
    else explainPause(about, pause);
  for (const [row, slots] of accounts) {
    if (isHeld(row)) wasPaused(about, row, slots);
    else for (const hold of about.diary.holds) if (isOf(hold, row)) letThrough(about, row, slots, hold);
  }
  for (const row of about.evidence.rows) if (!about.isByHand(row)) startedIn(about, row);
  everyCrashLoopIsHeld(about);
}

function explainPause(about: Case, pause: PauseRow): void {
  const job = pause.job_uid === null ? null : (about.storedJob(pause.job_uid)?.id ?? null);
  const isBy = (hold: HoldNote) => {
    if (hold.source !== pause.source || hold.job !== job) return false;
    if (hold.source === 'api') return isWithin(pause.since, hold.set);
    return pause.since >= hold.set.from - DATED_BACK_MS && pause.since <= (hold.lifted?.to ?? Infinity);
  };
  const hold = about.diary.holds.find(isBy);
  if (!hold) about.report('unexplained', { job_id: job ?? '' }, 'a pause that nobody made', pause);
  else if (hold.source === 'api' && pause.ended_at !== null && !isWithin(pause.ended_at, hold.lifted))
    about.report('unexplained', { job_id: job ?? '' }, 'a pause that nobody lifted', pause, hold);
}

function wasPaused(about: Case, row: Row, slots: readonly number[]): void {
  const pauses = about.evidence.pauses.filter(({ job_uid }) => job_uid === null || job_uid === row.job_uid);
  // What counts is when a slot is due.
  const delay = longestJitter(about.jobOf(row));
  const isPaused = (slot: number) =>
    pauses.some(
      ({ since, ended_at, until }) => since <= slot + delay && slot < (ended_at ?? until ?? Infinity),
    );
  const free = slots.filter((slot) => !isPaused(slot));
  if (free.length > 0) about.report('unexplained', row, 'held back without a pause', free.map(isoOf));
}

/**
 * The pause was there before the slot and until after it was decided, and a service had seen it: at a pass before the
 * slot, or because it was up and decided in time. A pass is dated before it reads the sources, its ids are made after.
 */
function letThrough(about: Case, row: Row, slots: readonly number[], hold: HoldNote): void {
  if (about.isOfChange(row) || row.job_id === 'once') return;
  const until = hold.lifted?.from ?? Infinity;
  const isSeen = (slot: number) =>
    decidedAt(row) < until && (about.passIn(hold.set.to, slot) !== null || isDecidedInTime(about, row, slot));
  const delay = longestJitter(about.jobOf(row));
  const through = slots.find(
    (slot) => slot > hold.set.to && slot + delay < until && (hold.source === 'api' || isSeen(slot)),
  );
  if (through !== undefined)
    about.report('unexplained', row, `${isoOf(through)} was let through a pause`, hold);
}

/** The first 48 bits of a UUID of version 7 are the instant at which it was made. */
function decidedAt({ run_id, queued_at }: Row): number {
  const made = /^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(run_id)
    ? Number.parseInt(run_id.replace('-', '').slice(0, 12), 16)
    : 0;
  return Math.max(queued_at, made);
}

function isDecidedInTime(about: Case, row: Row, slot: number): boolean {
  const upAt = about.lifeAt(row.queued_at)?.upAt ?? null;
  return upAt !== null && upAt <= slot && row.queued_at - slot < IN_TIME_MS;
}

function startedIn(about: Case, row: Row): void {
  for (const { startedAt } of row.attempts)
    for (const hold of about.diary.holds) {
      const isIn = startedAt > hold.set.to + STARTING_MS && startedAt < (hold.lifted?.from ?? Infinity);
      if (isIn && isOf(hold, row)) about.report('unexplained', row, 'started in a pause', hold);
    }
}

function isOf(hold: HoldNote, row: Row): boolean {
  return hold.job === null || hold.job === row.job_id;
}

function isWithin(at: number, span: { from: number; to: number } | null): boolean {
  return span !== null && at >= span.from && at <= span.to;
}
