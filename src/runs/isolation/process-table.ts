// What the system knows of processes: when one began, what a group holds, how much memory it has. Linux tells it in /proc.

import { readdirSync, readFileSync } from 'node:fs';

export interface ProcessFacts {
  pid: number;
  group: number;
  /** Of the boot of the machine that it began in, and when in it: with the pid no other process has the same. */
  started: string;
  /** False = it is over, and only its exit code has not been asked for. */
  isAlive: boolean;
  residentBytes: number;
}

/** Fields of /proc/<pid>/stat behind the name, which may hold anything: state, ppid, pgrp, … */
const [STATE, GROUP, STARTED, RESIDENT_PAGES] = [0, 2, 19, 21];
const OVER = ['Z', 'X', 'x'];
/** What Linux has on nearly every machine; where it has more the answer is too low. */
const PAGE_BYTES = 4_096;

/** Null = there is none, or the system does not tell. */
export function factsOf(pid: number): ProcessFacts | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return {
      pid,
      group: Number(fields[GROUP]),
      started: `${machineBoot()}:${fields[STARTED]}`,
      isAlive: !OVER.includes(fields[STATE]!),
      residentBytes: Number(fields[RESIDENT_PAGES]) * PAGE_BYTES,
    };
  } catch {
    return null;
  }
}

/** The living processes of a group; null where the system does not tell. Reads all of the table. */
export function groupOf(group: number): ProcessFacts[] | null {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => factsOf(Number(name)))
      .filter((facts) => facts !== null && facts.group === group && facts.isAlive) as ProcessFacts[];
  } catch {
    return null;
  }
}

/** Kills all of a group; false = there is nothing of it that could be killed. */
export function killGroup(group: number): boolean {
  try {
    process.kill(-group, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}

/** True while something of the group is alive; where the system has no table, while it can be sent a signal. */
export function isGroupAlive(group: number): boolean {
  const members = groupOf(group);
  if (members !== null) return members.length > 0;
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

let bootId: string | null = null;

function machineBoot(): string {
  bootId ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return bootId;
}
