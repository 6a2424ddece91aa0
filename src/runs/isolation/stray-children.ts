// Processes of jobs that a dead service has left: ended with their groups and confirmed, before anything else starts (rule 10).

import { type Clock, sleep } from '#core/clock';
import type { Child } from '../call.ts';
import { factsOf, groupOf, killGroup } from './process-table.ts';

const LOOK_MS = 50;
/** The kernel needs a moment; one that hangs in it for longer cannot be waited for. */
const GIVE_UP_MS = 10_000;

/** `gone` = there was nothing left of it; `left` = it is still there although it was killed. */
export type StrayEnd = 'gone' | 'ended' | 'left';

export async function endStray(child: Child, clock: Clock): Promise<StrayEnd> {
  if (!isThere(child)) return 'gone';
  for (const since = clock.monotonic(); clock.monotonic() - since < GIVE_UP_MS; ) {
    killGroup(child.group);
    if (!isThere(child)) return 'ended';
    await sleep(clock, LOOK_MS);
  }
  return 'left';
}

/**
 * Its pid may be somebody else's by now: only with the same start it is the process that was noted. Where it is over, what
 * it has started may be there under its group, whose number nobody else is given as long as it is.
 */
function isThere({ pid, group, started }: Child): boolean {
  // A system that does not tell of processes tells of none to be killed.
  if (started === '') return false;
  const facts = factsOf(pid);
  if (facts?.isAlive) return facts.started === started;
  return (groupOf(group) ?? []).some((member) => isOfBoot(member.started, started));
}

/** Of the same boot of the machine, and not begun before it. */
function isOfBoot(member: string, leader: string): boolean {
  const [[machine, at], [machineOfLeader, atOfLeader]] = [member.split(':'), leader.split(':')];
  return machine === machineOfLeader && Number(at) >= Number(atOfLeader);
}
