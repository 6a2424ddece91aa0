// Facts about an installation in, what is well and what is not out, each fault with the way to mend it. Pure.

import { formatNote } from '#config/format';
import type { Note } from '#config/settings';
import type { EpochMs } from '#core/clock';
import { formatDuration } from '#core/duration';
import type { ErrorRecord } from '#core/errors';
import { CORRECTION_MS } from '#engine/clock-watch';
import type { LedgerCheck } from '#store/store';
import { iso } from './shapes.ts';

export const CHECKS = ['settings', 'permissions', 'disk', 'ledger', 'clock', 'graph', 'service'] as const;

export interface Finding {
  check: (typeof CHECKS)[number];
  /** A fault keeps something from working; a warning may come to that. */
  level: 'ok' | 'warning' | 'fault';
  message: string;
  /** Null where all is well. */
  fix: string | null;
}

export interface DoctorFacts {
  now: EpochMs;
  timezone: string;
  stateDir: string;
  settings: { file: string | null; faults: readonly Note[]; warnings: readonly Note[]; jobs: number };
  /** Null = there is no such directory yet. */
  directory: {
    mode: number;
    isOurs: boolean;
    free: number;
    size: number;
    freeFiles: number;
    files: number;
  } | null;
  /** Files that hold secrets. */
  secrets: readonly { file: string; mode: number }[];
  /** Null = there is none yet. */
  ledger: LedgerCheck | ErrorRecord | null;
  graph: { name: string; fault: ErrorRecord | null };
  isServed: boolean;
}

/** Below it a day's runs may not fit. */
const FULL_BYTES = 50_000_000;
const NEARLY_FULL_BYTES = 500_000_000;
const NEARLY_FULL_FILES = 1_000;
/** Before this program was written. */
const FIRST_INSTANT = Date.UTC(2026, 0, 1);

export function findingsOf(facts: DoctorFacts): Finding[] {
  const found = [
    ...settingsFindings(facts),
    ...permissionFindings(facts),
    ...diskFindings(facts),
    ...ledgerFindings(facts),
    clockFinding(facts),
    graphFinding(facts),
    serviceFinding(facts),
  ];
  return found.toSorted((a, b) => CHECKS.indexOf(a.check) - CHECKS.indexOf(b.check));
}

const finding =
  (check: Finding['check']) =>
  (level: Finding['level'], message: string, fix: string | null = null): Finding => ({
    check,
    level,
    message,
    fix,
  });

function settingsFindings({ settings }: DoctorFacts): Finding[] {
  const say = finding('settings');
  const { faults, warnings, file, jobs } = settings;
  const of = (level: Finding['level'], fallback: string) => (note: Note) =>
    say(level, formatNote({ ...note, fix: null }), note.fix ?? fallback);
  return [
    ...faults.map(of('fault', 'correct it; then: aclarai-scheduler validate')),
    ...warnings.map(of('warning', 'see: aclarai-scheduler validate')),
    ...(faults.length > 0 ? [] : [say('ok', `${file ?? 'the settings'}: ${jobs} jobs`)]),
  ];
}

function permissionFindings({ directory, stateDir, secrets }: DoctorFacts): Finding[] {
  const say = finding('permissions');
  if (directory === null) return [say('ok', `${stateDir} is not there yet; the first start makes it`)];
  const others = directory.mode & 0o077;
  const open = secrets.filter(({ mode }) => (mode & 0o077) !== 0);
  const found = [
    ...(directory.isOurs
      ? []
      : [
          say(
            'fault',
            `${stateDir} is not ours to write`,
            `give it to the user of the service: chown -R <user> ${stateDir}`,
          ),
        ]),
    ...((others & 0o022) === 0
      ? []
      : [
          say(
            'warning',
            `others may write in ${stateDir} (${octal(directory.mode)})`,
            `chmod go-w ${stateDir}`,
          ),
        ]),
    ...open.map(({ file, mode }) =>
      say('warning', `others may read ${file} (${octal(mode)}), which holds secrets`, `chmod 600 ${file}`),
    ),
  ];
  return found.length > 0 ? found : [say('ok', `${stateDir} is ours, and its secrets are for us alone`)];
}

function diskFindings({ directory, stateDir }: DoctorFacts): Finding[] {
  const say = finding('disk');
  if (directory === null) return [];
  const { free, size, freeFiles, files } = directory;
  const left = `${megabytes(free)} of ${megabytes(size)} are free`;
  const fix = 'free some space, or shorten scheduler.history_retention_days';
  const found = [
    ...(free < FULL_BYTES
      ? [say('fault', `the disk of ${stateDir} is full: ${left}`, fix)]
      : free < NEARLY_FULL_BYTES
        ? [say('warning', `the disk of ${stateDir} is nearly full: ${left}`, fix)]
        : []),
    ...(files > 0 && freeFiles < NEARLY_FULL_FILES
      ? [
          say(
            'warning',
            `the disk of ${stateDir} takes only ${freeFiles} more files`,
            'remove files that nobody needs',
          ),
        ]
      : []),
  ];
  return found.length > 0 ? found : [say('ok', left)];
}

function ledgerFindings({ ledger, stateDir }: DoctorFacts): Finding[] {
  const say = finding('ledger');
  if (ledger === null) return [say('ok', `there is none in ${stateDir} yet; the first start makes it`)];
  if ('code' in ledger)
    return [say('fault', ledger.message, ledger.fix ?? 'put a backup in its place: restore')];
  const { file, bytes, version, newest, faults, copies } = ledger;
  if (faults.length > 0) {
    const fix = 'stop the service and put a backup in its place: aclarai-scheduler restore <file>';
    return [say('fault', `${file} is damaged: ${faults.slice(0, 3).join('; ')}`, fix)];
  }
  if (version > newest)
    return [
      say(
        'fault',
        `${file} is of a newer version (${version}, known: ${newest})`,
        'install the newer scheduler',
      ),
    ];
  const old = version < newest ? `, of version ${version}: the next start brings it to ${newest}` : '';
  const found = [say('ok', `${file} is sound, ${megabytes(bytes)}${old}`)];
  const spent = copies.reduce((sum, copy) => sum + copy.bytes, 0);
  if (copies.length > 0 && spent > Math.max(bytes, NEARLY_FULL_BYTES))
    found.push(
      say(
        'warning',
        `${copies.length} earlier ledgers beside it take ${megabytes(spent)}`,
        `delete those you need no more: rm ${copies.map((copy) => copy.file).join(' ')}`,
      ),
    );
  return found;
}

function clockFinding({ ledger, now, timezone }: DoctorFacts): Finding {
  const say = finding('clock');
  const fix = 'set the clock; if it is right: aclarai-scheduler start --accept-clock';
  if (now < FIRST_INSTANT)
    return say('fault', `it is ${iso(now, timezone)} by this machine's clock`, 'set the clock');
  const newest = ledger !== null && 'newestInstant' in ledger ? ledger.newestInstant : null;
  if (newest !== null && newest - now > CORRECTION_MS) {
    const behind = formatDuration(Math.round((newest - now) / 60_000) * 60_000);
    return say(
      'fault',
      `the clock is ${behind} behind the newest row of the ledger: nothing is started`,
      fix,
    );
  }
  return say('ok', `${iso(now, timezone)} in ${timezone}`);
}

function graphFinding({ graph }: DoctorFacts): Finding {
  const say = finding('graph');
  if (graph.fault === null) return say('ok', graph.name);
  const fix = graph.fault.fix ?? 'start the server, or correct databases.neo4j and NEO4J_PASSWORD';
  return say('fault', `${graph.name}: ${graph.fault.message}`, fix);
}

function serviceFinding({ isServed, stateDir }: DoctorFacts): Finding {
  const say = finding('service');
  return isServed
    ? say('ok', `a service holds ${stateDir}`)
    : say('warning', 'no service is up: nothing is started', 'aclarai-scheduler start');
}

const octal = (mode: number) => `mode ${(mode & 0o777).toString(8)}`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
