// The tree of commands with their options and examples; what each does is in commands/.

import { Command, Option } from 'commander';
import { examples, type Perform } from './command.ts';
import { addAgainCommands } from './commands/again.ts';
import { addCleanupCommands } from './commands/cleanup.ts';
import { addDefineCommands } from './commands/define.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addForecastCommands } from './commands/forecast.ts';
import { addKeepCommands } from './commands/keep.ts';
import { addKvCommands } from './commands/kv.ts';
import { addLogsCommand } from './commands/logs.ts';
import { addLookCommands } from './commands/look.ts';
import { addMcpCommand } from './commands/mcp.ts';
import { addNewCommand } from './commands/new.ts';
import { addOverseeCommands } from './commands/oversee.ts';
import { addPauseCommands } from './commands/pause.ts';
import { addQueueCommands } from './commands/queue.ts';
import { addRunCommands } from './commands/run.ts';
import { addSettingsCommands } from './commands/settings.ts';
import { addStartCommand } from './commands/start.ts';
import type { CliIo } from './io.ts';

const EXIT_CODES = `Exit codes: 0 done, 1 failed, 2 not understood, 3 no such job, run, handler or cleanup, 4 not reachable,
78 bad configuration.`;

export function buildProgram(io: CliIo, perform: Perform): Command {
  const program = new Command('aclarai-scheduler');
  program
    .description('Runs the periodic jobs of aclarai, and answers what became of each of them.')
    .version(io.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--settings <file>', 'settings file (SCHEDULER_SETTINGS, else settings/aclarai.config.yaml)')
    .option('--state <dir>', 'state directory (SCHEDULER_STATE_DIR, else data)')
    .option('--url <url>', 'ask the service there, and nothing else (SCHEDULER_URL: if it answers)')
    .option('--token <secret>', 'shown to that service (SCHEDULER_TOKEN, else <state>/token)')
    .addOption(
      new Option('--format <format>', 'how the answer is printed')
        .choices(['table', 'json'])
        .default('table'),
    )
    .option('--json', 'the same as --format json')
    .exitOverride()
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => `${command.name()} ${command.usage().replace('[options]', '')}`.trim(),
    })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Help that nobody asked for by name is still the answer; what is wrong is told by runCli.
      writeErr: (text) => io.stdout.write(text),
      outputError: () => {},
      getOutHelpWidth: () => io.stdout.columns,
      getErrHelpWidth: () => io.stdout.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  addStartCommand(program, perform);
  addDefineCommands(program, perform);
  addRunCommands(program, perform);
  addNewCommand(program, perform);
  addAgainCommands(program, perform);
  addLookCommands(program, perform);
  addLogsCommand(program, perform);
  addPauseCommands(program, perform);
  addSettingsCommands(program, perform);
  addOverseeCommands(program, perform);
  addForecastCommands(program, perform);
  addCleanupCommands(program, perform);
  addQueueCommands(program, perform);
  addKvCommands(program, perform);
  addMcpCommand(program, perform);
  addKeepCommands(program, perform);
  addDoctorCommand(program, perform);
  examples(program, [
    ['aclarai-scheduler start', 'run the service in this terminal'],
    ['aclarai-scheduler list', 'all jobs, their next and last runs'],
    ['aclarai-scheduler run vault_sync --wait', 'run a job now and wait for its end'],
    ['aclarai-scheduler why vault_sync --at 03:00', 'what became of the slot of 03:00'],
  ]);
  program.addHelpText('after', `\n${EXIT_CODES}\nscheduler:<command> is the same as <command>.`);
  return program;
}
