// Arguments in, answer on stdout and exit code out: the way into src/faces/cli/.

import { type Command, CommanderError } from 'commander';
import { EXIT, failureJson, failureOf, failureText } from './exit.ts';
import type { CliIo } from './io.ts';
import { buildProgram } from './program.ts';
import { type Answer, type GlobalOptions, Session } from './session.ts';

export type { CliIo } from './io.ts';

/** Options of every command that take a value. */
const WITH_VALUE = ['--settings', '--state', '--format', '--url', '--token'];
const PREFIX = 'scheduler:';

/**
 * Runs one command and answers the exit code: 0 done; 1 failed; 2 not understood; 3 no such job, run or cleanup; 4 nobody answers at `--url`; 78 settings
 * that do not hold. The answer goes to stdout, everything else to stderr. Never rejects.
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  let exit: number = EXIT.ok;
  const program: Command = buildProgram(io, async (work) => {
    exit = await answer(new Session(io, program.opts<GlobalOptions>()), work);
  });
  try {
    await program.parseAsync(withoutPrefix(argv), { from: 'user' });
    return exit;
  } catch (error) {
    const isAnswered = error instanceof CommanderError && ANSWERED.has(error.code);
    return isAnswered ? EXIT.ok : tell(error, io, asksForJson(argv));
  }
}

/** Help and version were asked for and are printed. */
const ANSWERED = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version']);

async function answer(session: Session, work: (session: Session) => Promise<Answer | null>): Promise<number> {
  await using open = session;
  const answer = await work(open);
  return answer === null ? EXIT.ok : open.finish(answer);
}

function tell(thrown: unknown, io: CliIo, isJson: boolean): number {
  const failure = failureOf(thrown);
  io.stderr.write(isJson ? failureJson(failure) : failureText(failure));
  return failure.exit;
}

/** The command that the arguments name, without `scheduler:`; undefined when they name none. */
export function commandOf(argv: readonly string[]): string | undefined {
  return withoutPrefix(argv)[commandPlace(argv)];
}

/** Looked up in the raw arguments, because it is also needed for those that cannot be parsed. */
export function asksForJson(argv: readonly string[]): boolean {
  const own = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  return own.some(
    (each, n) =>
      each === '--json' || each === '--format=json' || (each === '--format' && own[n + 1] === 'json'),
  );
}

/** `scheduler:list` is `list`. */
function withoutPrefix(argv: readonly string[]): string[] {
  const place = commandPlace(argv);
  return argv.map((each, n) => (n === place && each.startsWith(PREFIX) ? each.slice(PREFIX.length) : each));
}

function commandPlace(argv: readonly string[]): number {
  return argv.findIndex((each, n) => !each.startsWith('-') && !WITH_VALUE.includes(argv[n - 1] ?? ''));
}
