// doctor: looks the installation over, and says how to mend what is not well.

import type { Command } from 'commander';
import type { Finding } from '#service/doctor';
import { examples, type Perform } from '../command.ts';
import { EXIT } from '../exit.ts';
import { doctorText } from '../render/doctor.ts';
import type { Answer, Session } from '../session.ts';

export function addDoctorCommand(program: Command, perform: Perform): void {
  const doctor = program
    .command('doctor')
    .description('look over settings, ledger, clock, graph, disk and permissions; each fault with its fix')
    .action(() => perform(look));
  examples(doctor, [
    ['aclarai-scheduler doctor', 'what is well, and what is not'],
    ['aclarai-scheduler doctor --json', 'for programs; the exit code says it, too'],
  ]);
}

async function look(session: Session): Promise<Answer> {
  session.refuseUrl('doctor');
  const findings = await session.host.keeping.examine(session.places);
  return { data: findings, text: doctorText(findings), exit: exitOf(findings) };
}

function exitOf(findings: readonly Finding[]): number {
  const faults = findings.filter(({ level }) => level === 'fault');
  if (faults.some(({ check }) => check === 'settings')) return EXIT.configuration;
  return faults.length > 0 ? EXIT.failed : EXIT.ok;
}
