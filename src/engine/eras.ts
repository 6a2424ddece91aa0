// Which schedule a job had when, and why it had none, from the changes that the ledger keeps of it. Pure.

import type { EpochMs } from '#core/clock';
import type { ScheduleSpec } from '#core/schedule';
import type { JobChange } from '#store/store';

/** Why a job had no slots. */
export type OffReason = 'not_created' | 'disabled' | 'by_hand_only' | 'completed' | 'orphaned' | 'deleted';

/** One definition in force: slots in (after, upTo]. A slot at the instant of a change is the old definition's (rule 14). */
export interface Era {
  after: EpochMs;
  upTo: EpochMs;
  /** Null = no slots then, and `off` says why. */
  schedule: ScheduleSpec | null;
  off: OffReason | null;
  /** The schedule it would have had: what it lost while it was away is counted by it (rule 14). */
  dormant: ScheduleSpec | null;
  /** What began it; null = older than what is kept. */
  begun: JobChange | null;
  /** It ended because the job was complete: after its last row it had no slots any more (rule 19). */
  wasLast: boolean;
}

interface Standing {
  schedule: ScheduleSpec | null;
  manualOnly: boolean;
  state: string;
}

/** What a change keeps of a definition. */
interface Definition {
  schedule: ScheduleSpec;
  enabled: boolean;
  manualOnly: boolean;
  state?: string;
}

const DEFINING: readonly JobChange['what'][] = [
  // The time after a corrected clock passes anew, under what holds now (rule 13).
  'clock',
  'created',
  'updated',
  'schedule',
  'enabled',
  'state',
  'orphaned',
  'returned',
  'deleted',
];
interface Step {
  standing: Standing;
  begun: JobChange | null;
  after: EpochMs;
}

const NOT_CREATED: Standing = { schedule: null, manualOnly: false, state: 'not_created' };

/**
 * From ever to ever, ascending. `changes` are one job's and those of the clock, newest first as the store answers them;
 * what was written later holds from its instant on, also where a clock that was set back gave it an earlier one.
 */
export function erasOf(changes: readonly JobChange[]): Era[] {
  const defining = changes.filter(defines).reverse();
  const first = defining.find((change) => change.what !== 'clock');
  let standing = first ? standingBefore(first) : NOT_CREATED;
  const steps: Step[] = [{ standing, begun: null, after: -Infinity }];
  let begun: JobChange | null = null;
  for (const change of defining) {
    standing = standingAfter(change, standing);
    if (change.what !== 'clock') begun = change;
    steps.push({ standing, begun, after: change.at });
  }
  const eras: Era[] = [];
  let upTo = Infinity;
  for (let n = steps.length - 1; n >= 0; n--) {
    const { standing: held, begun: by, after } = steps[n]!;
    const wasLast = steps[n + 1]?.standing.state === 'completed';
    if (after < upTo) eras.unshift({ after, upTo, ...asEra(held), begun: by, wasLast });
    upTo = Math.min(upTo, after);
  }
  return eras;
}

/** The one that a slot at `at` belongs to. */
export function eraAt(eras: readonly Era[], at: EpochMs): Era {
  return eras.find((era) => at <= era.upTo) ?? eras.at(-1)!;
}

function asEra({ schedule, manualOnly, state }: Standing): Pick<Era, 'schedule' | 'off' | 'dormant'> {
  const hasSlots = !manualOnly && schedule !== null && schedule.kind !== 'manual';
  const dormant = hasSlots ? schedule : null;
  if (state !== 'active') return { schedule: null, off: state as OffReason, dormant };
  return hasSlots ? { schedule, off: null, dormant } : { schedule: null, off: 'by_hand_only', dormant };
}

function defines({ what }: JobChange): boolean {
  return DEFINING.includes(what);
}

function standingBefore({ what, before }: JobChange): Standing {
  if (what === 'created') return NOT_CREATED;
  if (what === 'returned') return { ...standingOf(before as unknown as Definition), state: 'orphaned' };
  if (what === 'state') return { ...NOT_CREATED, state: String(before) };
  return before === null ? NOT_CREATED : standingOf(before as unknown as Definition);
}

function standingAfter({ what, after }: JobChange, standing: Standing): Standing {
  if (what === 'clock') return standing;
  if (what === 'orphaned' || what === 'deleted') return { ...standing, state: what };
  if (what === 'state') return { ...standing, state: String(after) };
  return after === null ? standing : standingOf(after as unknown as Definition);
}

function standingOf({ schedule, enabled, manualOnly, state }: Definition): Standing {
  return { schedule, manualOnly, state: state ?? (enabled ? 'active' : 'disabled') };
}
