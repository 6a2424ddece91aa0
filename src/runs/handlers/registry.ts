// Finds job code in the job directories and keeps it ready to call: the newest version, or the last that loaded.

import path from 'node:path';
import { closest } from '#core/did-you-mean';
import { faultFields, SchedulerError } from '#core/errors';
import type { Handler, HandlerInfo } from '#core/handler';
import type { Log } from '#core/log';
import { explainImportError } from './import-error.ts';
import { findJobFiles } from './job-files.ts';
import { codeFiles, codeHash, codeStamp, importVersion } from './module-versions.ts';
import { LoadProbe } from './probe.ts';
import { toHandler } from './shape.ts';

interface Known {
  handler: Handler;
  /** The code as it was when it was last looked at. */
  files: string[];
  stamp: string;
}

function asOnDisk(file: string): Pick<Known, 'files' | 'stamp'> {
  const files = codeFiles(file);
  return { files, stamp: codeStamp(files) };
}

/** Handlers by name. One per process; asked by settings (what exists) and by runs (the code). */
export class HandlerRegistry {
  readonly #log: Log;
  readonly #handlers = new Map<string, Known>();
  /** Code of a file that cannot be loaded, by the name its job would have: the last fault, for messages. */
  readonly #faults = new Map<string, SchedulerError>();

  readonly #faulty = new Set<string>();
  /** Names of handlers that the settings define. */
  readonly #defined = new Set<string>();
  /** Handlers whose changed code is being loaded: a second run at once waits for the same code. */
  readonly #loading = new Map<string, Promise<Handler>>();
  /** What was said of a file: the same again at the next discovery would only be noise. */
  readonly #told = new Map<string, string>();

  readonly #probe: LoadProbe;

  /** `trusted` = directories of job code that is known to load. */
  constructor(log: Log, trusted: readonly string[] = [], probe = new LoadProbe(trusted)) {
    this.#log = log.at('registry.discover');
    this.#probe = probe;
  }

  /** Loads what the directories hold. A file that is no job is named in the log, the others stand. */
  async discover(directories: readonly string[]): Promise<void> {
    this.define([]);
    const files = new Map<string, string>();
    for (const directory of directories) {
      const found = await findJobFiles(directory);
      for (const file of found.sort()) files.set(file, directory);
    }
    const seen = new Map<string, string>();
    this.#faults.clear();
    this.#faulty.clear();
    await this.#probe.look([...files.keys()]);
    for (const file of files.keys()) {
      const handler = await this.#tryLoad(file);
      if (!handler) continue;
      const { name } = handler.info;
      const first = seen.get(name);
      if (this.#handlers.get(name)?.handler.info.file === null)
        this.#log.warn(`${file}: handler ${name} is a registered function, this one is not used`);
      else if (first !== undefined)
        this.#log.warn(`${file}: handler ${name} is already in ${first}, this one is not used`);
      else {
        seen.set(name, file);
        this.#handlers.set(name, { handler, ...asOnDisk(file) });
      }
    }
    for (const [name, { handler }] of this.#handlers) {
      const { file } = handler.info;
      // Code that does not load keeps its last good version, whatever its handler is called.
      if (file !== null && !seen.has(name) && !this.#faulty.has(file)) this.#handlers.delete(name);
    }
  }

  /** As this one is now, to try other directories on: settings that are refused must not change what runs. */
  fork(): HandlerRegistry {
    const other = new HandlerRegistry(this.#log, [], this.#probe);
    for (const [name, known] of this.#handlers) other.#handlers.set(name, { ...known });
    for (const [file, message] of this.#told) other.#told.set(file, message);
    for (const name of this.#defined) other.#defined.add(name);
    return other;
  }

  /** What `other` found holds from now on, beside what was registered here meanwhile. */
  take(other: HandlerRegistry): void {
    for (const [name, known] of this.#handlers)
      if (known.handler.info.file === null && !this.#defined.has(name)) other.#handlers.set(name, known);
    for (const [mine, theirs] of [
      [this.#handlers, other.#handlers],
      [this.#faults, other.#faults],
      [this.#told, other.#told],
    ] as [Map<string, unknown>, Map<string, unknown>][]) {
      mine.clear();
      for (const [key, value] of theirs) mine.set(key, value);
    }
    this.#defined.clear();
    for (const name of other.#defined) this.#defined.add(name);
  }

  /** Handlers that the settings define: these and no others from now on. What is code already keeps its name. */
  define(handlers: readonly Handler[]): void {
    for (const name of this.#defined) this.#handlers.delete(name);
    this.#defined.clear();
    for (const handler of handlers) {
      const { name } = handler.info;
      if (this.#handlers.has(name)) {
        this.#log.warn(`handler ${name} is code already: the program of that name is not used`);
        continue;
      }
      this.register(handler);
      this.#defined.add(name);
    }
  }

  /** A handler that is no file: it stays through every discovery, and takes the place of a file's of its name. */
  register(handler: Handler): void {
    this.#handlers.set(handler.info.name, { handler, files: [], stamp: '' });
  }

  info(name: string): HandlerInfo | undefined {
    return this.#handlers.get(name)?.handler.info;
  }

  /** Throws HANDLER_NOT_FOUND as `load` does. */
  known(name: string): HandlerInfo {
    const info = this.info(name);
    if (!info) throw this.#missing(name);
    return info;
  }

  get names(): string[] {
    return [...this.#handlers.keys()].sort();
  }

  /** The handler with the code its file has now. Throws HANDLER_NOT_FOUND, naming the nearest or the fault in its file. */
  async load(name: string): Promise<Handler> {
    const loading = this.#loading.get(name) ?? this.#loadNow(name).finally(() => this.#loading.delete(name));
    this.#loading.set(name, loading);
    return await loading;
  }

  async #loadNow(name: string): Promise<Handler> {
    const known = this.#handlers.get(name);
    if (!known) throw this.#missing(name);
    const { file } = known.handler.info;
    if (file === null) return known.handler;
    const isUntouched = codeStamp(known.files) === known.stamp;
    const isSame = isUntouched || codeHash(known.files) === known.handler.codeHash;
    // A dynamic import may have added files since: they count from here on.
    Object.assign(known, asOnDisk(file));
    if (isSame) return known.handler;
    const fresh = await this.#tryLoad(file);
    if (!fresh)
      this.#log.warn(`${file}: the changed code does not load, the last good version runs`, {
        job_name: name,
      });
    else if (fresh.info.name !== name) {
      this.#handlers.delete(name);
      this.#handlers.set(fresh.info.name, { handler: fresh, ...asOnDisk(file) });
      throw this.#missing(name);
    } else Object.assign(known, { handler: fresh, ...asOnDisk(file) });
    return known.handler;
  }

  async #tryLoad(file: string): Promise<Handler | null> {
    try {
      const { exports, code } = await this.#probe.whenSafe(file, () => importVersion(file));
      const handler = { ...toHandler(file, exports.default, code.hash), code };
      this.#told.delete(file);
      return handler;
    } catch (error) {
      const fault = error instanceof SchedulerError ? error : explainImportError(file, error);
      this.#faulty.add(file);
      const base =
        path.parse(file).name === 'index' ? path.basename(path.dirname(file)) : path.parse(file).name;
      this.#faults.set(base.replaceAll('-', '_'), fault);
      if (this.#told.get(file) !== fault.message) {
        this.#log.error(`${file} cannot be used as a job`, faultFields(fault, 'jobs'));
      }
      this.#told.set(file, fault.message);
      return null;
    }
  }

  #missing(name: string): SchedulerError {
    const fault = this.#faults.get(name);
    if (fault)
      return new SchedulerError(
        'HANDLER_NOT_FOUND',
        `handler ${name} cannot be loaded: ${fault.message}`,
        fault.fix,
      );
    const near = closest(name, this.names);
    const hint = near ? `did you mean ${near}?` : `known handlers: ${this.names.join(', ') || 'none'}`;
    return new SchedulerError(
      'HANDLER_NOT_FOUND',
      `there is no handler ${name}`,
      `${hint}; put its code into a job directory`,
    );
  }
}
