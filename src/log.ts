// The log of the process: pino, one JSON object a line, readable on a terminal; secrets never leave it.

import pino from 'pino';
import { prettyFactory } from 'pino-pretty';
import type { Clock } from '#core/clock';
import type { Log } from '#core/log';
import { MASK, SECRET_KEYS, Secrets } from '#core/redact';

/** Where lines go: file descriptor 1 or 2, or a sink of a test. */
export interface LogSink {
  write(line: string): void;
}

export interface LogOptions {
  clock: Clock;
  level: 'debug' | 'info' | 'warn' | 'error';
  sink: LogSink;
  /** Readable lines instead of JSON: only where a person looks. */
  pretty: boolean;
  colour?: boolean;
}

export interface ProcessLog extends Log {
  /** Values that are masked wherever they occur in a line from now on. */
  hide(secrets: readonly string[]): void;
  /** A text as it may be shown or kept. */
  masked(text: string): string;
  setLevel(level: LogOptions['level']): void;
}

const SERVICE = 'aclarai-scheduler';
const WHERE = 'filename.function_name';
const OURS = ['level', 'time', 'service', 'msg', WHERE];

export function createLog(options: LogOptions): ProcessLog {
  const secrets = new Secrets();
  const out = options.pretty ? prettySink(options.sink, options.colour ?? false) : options.sink;
  const masked: LogSink = { write: (line) => out.write(secrets.masked(line)) };
  const base = pino(
    {
      level: options.level,
      base: { service: SERVICE },
      messageKey: 'msg',
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
      timestamp: () => `,"time":"${new Date(options.clock.now()).toISOString()}"`,
      redact: { paths: SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: MASK },
    },
    masked,
  );
  return {
    ...wrap(base, () => base),
    hide: (values) => secrets.set(values),
    masked: (text) => secrets.masked(text),
    setLevel(level) {
      base.level = level;
    },
  };
}

/** A child is made for its first line: most lines are below the level, and most children would never write one. */
function wrap(base: pino.Logger, make: () => pino.Logger): Log {
  let made: pino.Logger | null = null;
  const own = () => {
    made ??= make();
    return made;
  };
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: object = {}) => {
      if (!base.isLevelEnabled(level)) return;
      // A run's line is its fields alone, as other aclarai services write it.
      if (message === '') own()[level](apart(fields));
      else own()[level](apart(fields), message);
    };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    with: (fields) => wrap(base, () => own().child(fields)),
    at: (where) => wrap(base, () => own().child({ [WHERE]: where })),
  };
}

/** A field of a job that is called as one of ours would make a line with the same key twice. */
function apart(fields: object): object {
  if (!OURS.some((key) => key in fields)) return fields;
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [OURS.includes(key) ? `${key}_` : key, value]),
  );
}

function prettySink(sink: LogSink, colorize: boolean): LogSink {
  const format = prettyFactory({
    colorize,
    ignore: `pid,hostname,service,${WHERE.replaceAll('.', '\\.')},job_id`,
    translateTime: 'SYS:HH:MM:ss',
    messageFormat: (log, key) => readableLine(log as Record<string, unknown>, key),
    singleLine: true,
  });
  return { write: (line) => sink.write(format(line)) };
}

/** The text of a line for people: of a run's, which is its fields alone, a sentence. */
export function readableLine(log: Record<string, unknown>, key = 'msg'): string {
  const message = log[key];
  if (typeof message === 'string') return message;
  if (typeof log.job_name !== 'string') return '';
  const how = log.success === true ? 'succeeded' : typeof log.outcome === 'string' ? log.outcome : 'failed';
  return `${log.job_name} ${how} in ${log.duration} s`;
}
