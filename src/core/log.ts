// The log as every part writes it; the process decides where lines go (src/log.ts).

/** Fields are plain data. `where` = `file.function`, as other aclarai services name it. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
  /** The same log with fields on every line. */
  with(fields: object): Log;
  at(where: string): Log;
}
