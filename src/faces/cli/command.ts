// What every command is made with: how its work is run, and the examples at the end of its help.

import type { Command } from 'commander';
import type { Answer, Session } from './session.ts';

/** Runs a command's work in a session of its own and prints what it answers; null = it printed itself. */
export type Perform = (work: (session: Session) => Promise<Answer | null>) => Promise<void>;

/** Examples at the end of a command's help, with what they do. */
export function examples(command: Command, lines: readonly (readonly [line: string, what: string])[]): void {
  const widest = Math.max(...lines.map(([line]) => line.length));
  const text = lines.map(([line, what]) => `  ${line.padEnd(widest)}  # ${what}`).join('\n');
  command.addHelpText('after', `\nExamples:\n${text}`);
}
