// The sections of the file that are ours, key by key. Other services' sections are not in here and not looked at.

import {
  alias,
  amount,
  choice,
  duration,
  type Field,
  field,
  flag,
  fraction,
  group,
  nullable,
  optional,
  type Section,
  slug,
  text,
  texts,
  timezone,
  whole,
} from './field.ts';
import { DEFAULTS } from './job-keys.ts';
import { programs } from './programs.ts';

const SECOND = 1000;
const MINUTE = 60_000;
const DAY = 86_400_000;

const CHECK_INTERVAL: [number, number] = [100, MINUTE];
const CLEANUP_INTERVAL: [number, number] = [MINUTE, 7 * DAY];
const CAP = whole(1, 100);
const RETENTION = whole(1, 365);

export const PATHS = {
  vault: field(text, 'root of the vault; VAULT_PATH goes first', { fallback: '/vault' }),
  tier1: field(text, 'conversations, relative to the vault', { fallback: 'conversations' }),
  tier2: field(text, 'summaries, relative to the vault', { fallback: 'summaries' }),
  tier3: field(text, 'concepts, relative to the vault', { fallback: 'concepts' }),
};

const PORT = whole(1, 65_535);

export const NEO4J = {
  uri: optional(text, 'bolt:// or neo4j:// address; or host and port'),
  host: optional(text, 'host name of the server'),
  bolt_port: optional(PORT, 'Bolt port', { aliases: [alias('databases.neo4j.port', PORT)] }),
  user: field(text, 'user name', { fallback: 'neo4j' }),
  password: optional(nullable(text), 'better in NEO4J_PASSWORD or NEO4J_PASSWORD_FILE', { secret: true }),
  database: optional(nullable(text), "name of the database; else the server's default"),
};

export const RABBITMQ = {
  url: optional(text, 'amqp:// or amqps:// address; or host and port', { secret: true }),
  host: optional(text, 'host name of the server'),
  port: optional(PORT, 'AMQP port'),
  user: optional(nullable(text), 'user name'),
  password: optional(nullable(text), 'better in RABBITMQ_PASSWORD or RABBITMQ_PASSWORD_FILE', {
    secret: true,
  }),
};

export const VAULT = {
  graph: optional(choice(['neo4j', 'embedded']), 'the graph that is synchronized; else what is configured'),
  exclude: field(texts, 'globs below the vault that are not read', {
    fallback: ['Templates/**', '*.excalidraw.md'],
  }),
  publish: field(flag, 'true: changed blocks are sent to RabbitMQ', { fallback: false }),
  watch: group('Sync soon after a file of the vault changes', {
    enabled: field(flag, 'true: watch the vault', { fallback: false }),
    batch_interval: field(duration(0), 'changes within this become one sync', { fallback: '2s' }),
    max_batch_size: field(whole(1), 'so many changes do not wait for the interval', { fallback: 50 }),
  }),
};

export const SCHEDULER = {
  enabled: field(flag, 'false: nothing is scheduled or run, the faces still answer', { fallback: true }),
  timezone: optional(timezone, 'zone of all schedules; SCHEDULER_TIMEZONE goes first, else TZ, else UTC'),
  max_concurrent_executions: field(CAP, 'runs at the same time, all jobs together', {
    fallback: 10,
    aliases: [alias('scheduler.maxConcurrentTasks', CAP)],
  }),
  check_interval: field(
    duration(...CHECK_INTERVAL),
    'how often rows of other processes are looked for; never delays a slot',
    {
      fallback: '1s',
      aliases: [alias('scheduler.tickInterval', duration(...CHECK_INTERVAL, 1))],
    },
  ),
  allow_past_events: field(flag, 'true: a one-time job in the past runs at once', { fallback: false }),
  history_retention_days: field(RETENTION, 'days that runs are kept', {
    fallback: 30,
    aliases: [
      alias('scheduler.retention_days', RETENTION),
      alias('scheduler.historyRetentionDays', RETENTION),
    ],
  }),
  history_max_rows: field(whole(1), 'rows that are kept for each job', { fallback: 10_000 }),
  auto_cleanup_enabled: field(flag, 'false: history is never pruned', { fallback: true }),
  cleanup_interval: field(duration(...CLEANUP_INTERVAL), 'how often history is pruned', {
    fallback: '1h',
    aliases: [alias('scheduler.cleanupInterval', duration(...CLEANUP_INTERVAL, 1))],
  }),
  state_max_mb: field(
    whole(1),
    'ledger and run logs together: beyond this the oldest run logs go, ledger rows never',
    {
      fallback: 1024,
    },
  ),
  shutdown: group('What a stop waits for', {
    drain: field(duration(0), 'running work may end by itself', { fallback: '5s' }),
    abort: field(duration(0), 'aborted work may write its last words', { fallback: '3s' }),
  }),
  trace_directory: optional(text, 'folder of trace files; else `traces` in the state directory'),
  job_directories: field(texts, 'folders of job classes', { fallback: ['jobs'] }),
  secrets: field(texts, 'names of environment variables that references in input may read', { fallback: [] }),
  exec: group('Programs that jobs may start', {
    allowed: field(programs, 'what `exec` may run, and programs that are handlers of their own', {
      fallback: [],
    }),
  }),
  http: group('Requests that jobs may send', {
    private_networks: field(flag, 'true: also to private addresses', { fallback: false }),
  }),
  queues: group('Result and error queues', {
    max_retries: field(whole(0), 'deliveries after the first, then a message is dead', { fallback: 3 }),
    max_size: field(whole(1), 'messages a queue holds, dead letters included', { fallback: 10_000 }),
  }),
  agents: group('Jobs made by agents', {
    min_interval: field(duration(SECOND), 'shortest interval they may ask for', { fallback: '1m' }),
    max_jobs: field(whole(0), 'jobs of one agent', { fallback: 20 }),
    max_ttl: field(duration(MINUTE), 'their jobs end so long after the last change', { fallback: '30d' }),
  }),
};

/**
 * A value of these other than the default is checked and changes nothing in this version. Whoever builds one
 * takes its line out.
 */
export const SETTINGS_WITHOUT_EFFECT: readonly { path: readonly string[]; entry: Field }[] = [];

const flat = <Out>(key: string, shape: Parameters<typeof alias<Out>>[1]) => [
  alias<Out>(`scheduler.housekeeper_${key}`, shape),
];
const CLEANUPS = whole(1, 10);

export const HOUSEKEEPER = {
  enabled: optional(flag, 'false: stops its schedule only; true unless written', {
    aliases: flat('enabled', flag),
  }),
  schedule: optional(text, 'cron of the housekeeping; jobs.housekeeping goes first', {
    aliases: flat('schedule', text),
  }),
  default_retention: field(RETENTION, 'days, for rules without a policy', {
    fallback: 30,
    aliases: flat('default_retention', RETENTION),
  }),
  dry_run: field(flag, 'true: nothing is ever deleted, whatever a rule or a call says', {
    fallback: false,
    aliases: flat('dry_run', flag),
  }),
  concurrent_cleanups: field(CLEANUPS, 'rules at the same time', {
    fallback: 3,
    aliases: flat('concurrent_cleanups', CLEANUPS),
  }),
  report_enabled: field(flag, 'true: one report file a run', {
    fallback: true,
    aliases: flat('report_enabled', flag),
  }),
  report_directory: optional(text, 'folder of the reports; else `cleanup_reports` in the state directory', {
    aliases: flat('report_directory', text),
  }),
  allowed_roots: field(texts, 'folders below which other faces may register a cleanup', {
    fallback: [],
    aliases: flat('allowed_roots', texts),
  }),
};

/** One rule of `housekeeper.rules`. */
export const RULE = {
  id: optional(slug, 'its name; required'),
  directory: optional(text, 'a literal folder; required'),
  pattern: field(text, '`*`, `?` and `[…]` on the file name', { fallback: '*' }),
  retention_days: field(nullable(amount(0)), 'older files go; 0 = all', { fallback: null }),
  max_files: field(nullable(whole(0)), 'the oldest beyond this go; 0 = all', { fallback: null }),
  max_size_mb: field(nullable(amount(0)), 'the oldest go until the rest fits; 0 = all', { fallback: null }),
  min_keep: field(whole(0), 'so many of the newest always stay', { fallback: 0 }),
  priority: field(whole(0), 'lower runs first', { fallback: 100 }),
  recursive: field(flag, 'true: folders below too', { fallback: false }),
  dry_run: field(flag, 'true: this rule deletes nothing', { fallback: false }),
  description: field(nullable(text), 'a sentence for people', { fallback: null }),
  max_delete_share: field(nullable(fraction()), 'of 20 files or more, a larger share is refused', {
    fallback: null,
  }),
};

/** Top-level sections that are ours. All others belong to other services. */
export const OUR_SECTIONS: readonly string[] = [
  'paths',
  'databases',
  'vault',
  'scheduler',
  'housekeeper',
  'logging',
];

/** Last names of the other spellings that stand directly below `path`. */
export function aliasesBelow(path: string): string[] {
  const fields = [SCHEDULER, HOUSEKEEPER, DEFAULTS, NEO4J].flatMap((section: Section) =>
    Object.values(section),
  );
  return fields
    .flatMap((entry) => (entry.kind === 'field' ? entry.aliases : []))
    .map((other) => other.path.split('.'))
    .filter((steps) => steps.slice(0, -1).join('.') === path)
    .map((steps) => steps.at(-1)!);
}
