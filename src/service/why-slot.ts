// The answer where no row accounts for the instant: not scheduled then, to come, not decided yet, or cleaned up. Pure.

import type { JobPolicy } from '#core/job';
import { changeShape, changeText, downShape, downText, pausesShape, pausesText, timeIn } from './phrases.ts';
import { iso, isoOrNull, policyShape } from './shapes.ts';
import type { Verdict, WhyFacts } from './why-facts.ts';
import { tooLateText } from './why-not.ts';

export function judgeInstant(facts: WhyFacts): Verdict {
  const { job, at, now, dueAt } = facts;
  if (at > now) return future(facts);
  if (job.deletedAt !== null && at > job.deletedAt) return deleted(facts);
  if (at < job.createdAt || facts.era.off === 'not_created') return notCreated(facts);
  if (at < job.ledgerFrom) return pruned(facts);
  if (facts.era.off !== null) return off(facts);
  if (dueAt === null) return between(facts);
  if (facts.isHole) return hole(facts);
  if (at <= job.cursor || job.state === 'completed') return settledBefore(facts);
  return undecided(facts);
}

function future(facts: WhyFacts): Verdict {
  const { job, at, now, dueAt, pauses, nextSlot } = facts;
  const zone = job.schedule.timezone;
  const when = timeIn(at, zone);
  const planned =
    dueAt === null
      ? `${job.id} has no slot planned for ${when}; ${nextText(facts)}`
      : `${job.id} is planned for ${when}${jitterText(facts)}, which is to come`;
  const lasting = pauses.filter((pause) => pause.until === null || pause.until > at);
  const held =
    lasting.length === 0
      ? ''
      : ` It is paused by ${pausesText(lasting, now, zone)}: unless that ends before, the slot will be skipped.`;
  const open = job.circuit
    ? ` Its circuit is open since ${timeIn(job.circuit.openedAt, zone)}: the first slot from ${timeIn(job.circuit.probeFrom, zone)} on is tried.`
    : '';
  return {
    answer: 'future',
    reason: null,
    because: {
      next_slot: isoOrNull(nextSlot, zone),
      due_at: isoOrNull(dueAt, zone),
      pauses: pausesShape(pauses, zone),
      circuit_open_since: isoOrNull(job.circuit?.openedAt ?? null, zone),
    },
    text: `${planned}.${held}${open}`,
  };
}

/** What a job has ahead of it, or why it has nothing. */
function nextText({ job, nextSlot }: WhyFacts): string {
  const zone = job.schedule.timezone;
  if (nextSlot !== null) return `the next one is ${timeIn(nextSlot, zone)}`;
  if (job.state !== 'active') return `the job is ${job.state} and has none ahead`;
  return job.manualOnly ? 'it runs by hand only' : 'it has none ahead';
}

function jitterText({ job, at, dueAt }: WhyFacts): string {
  if (dueAt === null || dueAt === at) return '';
  return ` (due at ${timeIn(dueAt, job.schedule.timezone)}, because of its jitter)`;
}

function deleted(facts: WhyFacts): Verdict {
  const { job, at, changes, madeAgainAt } = facts;
  const zone = job.schedule.timezone;
  const change = changes.find((each) => each.what === 'deleted') ?? null;
  const again = madeAgainAt === null ? '' : ` It was made again at ${timeIn(madeAgainAt, zone)}.`;
  const how = change ? changeText(change, zone) : `the job was deleted at ${timeIn(job.deletedAt!, zone)}`;
  return {
    answer: 'not_scheduled',
    reason: 'deleted',
    because: {
      deleted_at: isoOrNull(job.deletedAt, zone),
      by: change?.by ?? null,
      made_again_at: isoOrNull(madeAgainAt, zone),
    },
    text: `${job.id} did not exist at ${timeIn(at, zone)}: ${how}.${again}`,
  };
}

function notCreated({ job, at, changes }: WhyFacts): Verdict {
  const zone = job.schedule.timezone;
  const isKnown = changes.length > 0;
  const how = isKnown
    ? `it was made at ${timeIn(job.createdAt, zone)}`
    : 'no service has read it from the settings yet';
  return {
    answer: 'not_scheduled',
    reason: null,
    because: { off: 'not_created', created_at: isKnown ? iso(job.createdAt, zone) : null },
    text: `${job.id} did not exist at ${timeIn(at, zone)}: ${how}.`,
  };
}

function pruned({ job, at }: WhyFacts): Verdict {
  const zone = job.schedule.timezone;
  return {
    answer: 'pruned',
    reason: null,
    because: { ledger_from: iso(job.ledgerFrom, zone) },
    text: `What became of ${job.id} at ${timeIn(at, zone)} is not known any more: its history before ${timeIn(job.ledgerFrom, zone)} has been cleaned up.`,
  };
}

function off(facts: WhyFacts): Verdict {
  const { job, at, era } = facts;
  const zone = job.schedule.timezone;
  const why = era.off!;
  const until = Number.isFinite(era.upTo) ? era.upTo : null;
  // A job may be off because nobody wrote whether it is on (rule 16).
  const unwritten =
    why === 'disabled' ? job.warnings.find((warning) => warning.startsWith('disabled')) : null;
  const hint = unwritten ? ` It is ${unwritten}.` : '';
  return {
    answer: 'not_scheduled',
    reason: why === 'disabled' || why === 'orphaned' || why === 'deleted' ? why : null,
    because: {
      off: why,
      since: isoOrNull(era.begun?.at ?? null, zone),
      until: isoOrNull(until, zone),
      change: changeShape(era.begun, zone),
    },
    text: `${job.id} had no slots at ${timeIn(at, zone)}: ${offText(facts)}${until === null ? '' : `, until ${timeIn(until, zone)}`}.${hint}`,
  };
}

function offText({ job, era }: WhyFacts): string {
  const zone = job.schedule.timezone;
  if (era.off === 'by_hand_only') return 'it is run by hand only';
  const since = era.begun ? ` since ${timeIn(era.begun.at, zone)}` : '';
  if (era.off === 'completed') return `it was completed${since}${hadText(job.policy.maxExecutions)}`;
  return era.begun ? changeText(era.begun, zone) : `it was ${era.off}`;
}

function hadText(limit: number | null): string {
  if (limit === null) return '';
  return `, having had its ${limit === 1 ? 'one run' : `${limit} runs`} (max_executions)`;
}

function between(facts: WhyFacts): Verdict {
  const { job, at, now, schedule, pauses } = facts;
  const zone = job.schedule.timezone;
  const previous = within(facts, schedule?.prev(at) ?? null);
  const next = within(facts, schedule?.next(at) ?? null);
  const around = [
    previous !== null && `the last one before was ${timeIn(previous, zone)}`,
    next !== null && `the next one ${next > now ? 'is' : 'was'} ${timeIn(next, zone)}`,
  ];
  const slots = around.filter(Boolean).join(', ') || 'it has none at all';
  const held = pauses.length === 0 ? '' : ` It was paused then by ${pausesText(pauses, now, zone)}.`;
  return {
    answer: 'not_scheduled',
    reason: null,
    because: {
      off: null,
      previous_slot: isoOrNull(previous, zone),
      next_slot: isoOrNull(next, zone),
      pauses: pausesShape(pauses, zone),
    },
    text: `${job.id} has no slot at ${timeIn(at, zone)}: ${slots}.${meanwhile(facts)}${held}`,
  };
}

/** Slots of another definition are none of this one's. */
function within({ era }: WhyFacts, slot: number | null): number | null {
  return slot !== null && slot > era.after && slot <= era.upTo ? slot : null;
}

/** Between two slots a run may well have been under way: that is what a person may have seen. */
function meanwhile({ job, at, now, before }: WhyFacts): string {
  const startedAt = before?.attempts[0]?.startedAt ?? before?.startedAt ?? null;
  if (!before || startedAt === null || startedAt > at || (before.endedAt ?? now) < at) return '';
  return ` The run of ${timeIn(before.slot!, job.schedule.timezone)} was under way then.`;
}

function hole(facts: WhyFacts): Verdict {
  const { job, at } = facts;
  const zone = job.schedule.timezone;
  return {
    answer: 'missed',
    reason: null,
    because: { no_account: true, decided_up_to: iso(job.cursor, zone) },
    text: `There is no account of the slot of ${job.id} at ${timeIn(at, zone)}, and there must be one: this is a fault of the scheduler, please report it. Whether it ran is not known.`,
  };
}

/** No account, and none is due: it was not this job's to decide any more. */
function settledBefore(facts: WhyFacts): Verdict {
  const { job, at } = facts;
  const zone = job.schedule.timezone;
  const limit = job.policy.maxExecutions;
  const isSpent = facts.era.wasLast || job.state === 'completed';
  return {
    answer: 'not_scheduled',
    reason: null,
    because: { off: isSpent ? 'completed' : null, max_executions: limit },
    text: isSpent
      ? `${job.id} had no slots left at ${timeIn(at, zone)}: it was completed with the run before${hadText(limit)}.`
      : `${job.id} had no slot to decide at ${timeIn(at, zone)}: its definition was changed while the clock stood before what had been decided.`,
  };
}

/** A slot of the schedule that nobody has decided yet. */
function undecided(facts: WhyFacts): Verdict {
  const { job, at, now, dueAt, pauses, down, enabled } = facts;
  const zone = job.schedule.timezone;
  const slot = `The slot of ${job.id} at ${timeIn(at, zone)}`;
  if (dueAt! > now) {
    const because = { due_at: iso(dueAt!, zone) };
    return { answer: 'future', reason: null, because, text: `${slot} is to come${jitterText(facts)}.` };
  }
  if (down?.to === null) return withoutService(facts, `${slot} is not decided yet: ${downText(down, zone)}`);
  if (!enabled) {
    const text = `${slot} is not decided yet: scheduler.enabled is false in the settings.`;
    return { answer: 'queued', reason: null, because: { is_decided: false, enabled: false }, text };
  }
  if (pauses.length > 0) {
    const reason = pauses.every((pause) => pause.source === 'tool') ? 'stopped' : 'paused';
    const because = { is_decided: false, pauses: pausesShape(pauses, zone) };
    const text = `${slot} is held back: ${reason} by ${pausesText(pauses, now, zone)}.`;
    return { answer: 'skipped', reason, because, text };
  }
  const text = `${slot} is due and about to be decided.`;
  return { answer: 'queued', reason: null, because: { is_decided: false }, text };
}

/** Nobody decides it now; what the next start will make of it is the planner's to say. */
function withoutService({ job, now, dueAt, pauses, down, forecast }: WhyFacts, said: string): Verdict {
  const zone = job.schedule.timezone;
  const state = forecast?.state ?? 'missed';
  const reason = forecast === null ? 'downtime' : forecast.reason;
  const late = state === 'missed' ? tooLateText(job.policy, now - dueAt!) : `: ${reason}`;
  const why = forecast?.isChanged ? ', because its definition in the settings has changed' : late;
  const then = state === 'queued' ? 'it would still run' : `it would be ${state}${why}`;
  return {
    answer: state,
    reason,
    because: {
      is_decided: false,
      down: downShape(down, zone),
      pauses: pausesShape(pauses, zone),
      policy: policyOf(job.policy),
    },
    text: `${said}. If a service started now, ${then}.`,
  };
}

/** What decides whether a late slot still runs (rules 1, 2). */
function policyOf(policy: JobPolicy): object {
  const { misfire_grace_time, misfire_policy, catchup_window, catchup_max } = policyShape(policy);
  return { misfire_grace_time, misfire_policy, catchup_window, catchup_max };
}
