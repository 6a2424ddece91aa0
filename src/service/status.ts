// What `status` answers: is a service up, what holds it back, what are the settings worth.

import { formatNote } from '#config/format';
import type { Note, Settings } from '#config/settings';
import type { EpochMs } from '#core/clock';
import type { StoredJob } from '#core/job';
import type { Pause } from '#core/pause';
import type { Boot } from '#store/store';
import type { HoleShape } from './holes.ts';
import { iso, isoOrNull, jobState, pauseShape } from './shapes.ts';

export interface StatusInput {
  /** Another or this process holds the service lock. */
  served: boolean;
  boot: Boot | null;
  jobs: readonly StoredJob[];
  pauses: readonly Pause[];
  counts: { queued: number; running: number };
  /** How far the clock is behind the newest row, where that is suspicious; else 0 (rule 13). */
  clockBehindMs: number;
  /** Slots without an account that the invariant check has found. */
  holes: readonly HoleShape[];
  /** Why the ledger takes nothing, where this process knows. */
  ledgerFault: string | null;
  settings: Settings;
  /** Faults of the file as it is now; the last good settings stay in force. */
  faults: readonly Note[];
  /** Dotted paths that were edited and that only a restart applies (rule 14). */
  restartRequired: readonly string[];
  version: string;
  now: EpochMs;
}

export function statusShape(input: StatusInput) {
  const { boot, settings, served } = input;
  const zone = settings.scheduler.timezone;
  const paused = input.pauses.filter((pause) => pause.jobUid === null);
  const jobs: Record<string, number> = {};
  for (const job of input.jobs) {
    const state = jobState(job, input.pauses);
    jobs[state] = (jobs[state] ?? 0) + 1;
  }
  return {
    // A `run` of the command line holds the loops too, and is no service.
    state:
      !served || boot?.kind !== 'service' || input.clockBehindMs > 0
        ? 'stopped'
        : paused.length > 0
          ? 'paused'
          : 'running',
    boot: boot?.bootId ?? null,
    since: served ? isoOrNull(boot?.startedAt ?? null, zone) : null,
    last_tick: isoOrNull(boot?.lastTick ?? null, zone),
    paused: paused.map((pause) => pauseShape(pause, zone)),
    jobs,
    ...input.counts,
    graph: graphName(settings),
    config_error: input.faults.length > 0 ? input.faults.map(formatNote) : null,
    restart_required: input.restartRequired,
    warnings: [
      ...(input.ledgerFault === null ? silence(input) : [input.ledgerFault]),
      ...settings.warnings.map(formatNote),
      ...input.jobs.flatMap(circuitText),
    ],
    holes: input.holes,
    /** Seconds behind the newest row; nothing is started until it is right or accepted. Null = not suspicious. */
    clock_behind: input.clockBehindMs > 0 ? Math.round(input.clockBehindMs / 1000) : null,
    timezone: zone,
    tzdata: process.versions.tz ?? 'unknown',
    version: input.version,
    now: iso(input.now, zone),
  };
}
export type StatusShape = ReturnType<typeof statusShape>;

/** Rule 22: a job that is left alone is told where the health of the service is. */
function circuitText({ id, circuit, failStreak, schedule }: StoredJob): string[] {
  if (circuit === null) return [];
  const since = iso(circuit.openedAt, schedule.timezone);
  return [`${id}: its circuit is open since ${since}, after ${failStreak} failed runs in a row`];
}

/** Ticks come every 10 s: a service that is up and leaves none cannot write, so it admits nothing either. */
const SILENT_MS = 30_000;

function silence({ served, boot, now, settings, counts }: StatusInput): string[] {
  if (!served) return leftBehind(counts.running);
  if (boot === null)
    return [
      'a process holds the service lock and is not in this ledger: the file was replaced under it; stop that process and start it again',
    ];
  if (now - boot.lastTick <= SILENT_MS) return [];
  const since = iso(boot.lastTick, settings.scheduler.timezone);
  return [
    `the service has written nothing since ${since}: its disk may be full or its ledger held by another process; its log says which`,
  ];
}

/** Nobody is there to run what the ledger has as running. */
function leftBehind(running: number): string[] {
  if (running === 0) return [];
  const what = running === 1 ? '1 run was' : `${running} runs were`;
  return [`${what} under way when the process ended; the next start records what became of it`];
}

/** The active graph, as every sync line and `status` name it. */
export function graphName(settings: Settings): string {
  const { vault, databases } = settings.app;
  return vault.graph === 'neo4j' && databases.neo4j ? `neo4j (${databases.neo4j.uri})` : vault.graph;
}
