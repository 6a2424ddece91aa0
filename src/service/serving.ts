// The life of a service between its start and its stop: loops up, files watched, until somebody asks for the end (rule 23).

import { isInside } from '#config/project';
import type { Settings } from '#config/settings';
import { watchSettings } from '#config/watch';
import type { Clock } from '#core/clock';
import type { Log } from '#core/log';
import type { ServeOptions } from './host.ts';
import type { Loops } from './loops.ts';

export interface ServingParts {
  clock: Clock;
  log: Log;
  /** As they are at the start. */
  settings: Settings;
  /** Files and folders whose change asks for a reload. */
  watched(): readonly string[];
  reload(): void;
}

/** Resolves when the loops have stopped. */
export async function serveUntilAborted(
  loops: Loops,
  parts: ServingParts,
  options: Pick<ServeOptions, 'signal' | 'onHangup' | 'onUp'>,
): Promise<void> {
  const { clock, watched, reload } = parts;
  const log = parts.log.at('app.serve');
  await loops.serve();
  const { stateDir, scheduler, jobs } = parts.settings;
  const enabled = jobs.filter((job) => job.enabled).map((job) => job.id);
  log.info('the scheduler is up', { jobs: enabled, timezone: scheduler.timezone, state: stateDir });
  const watching = new AbortController();
  options.onHangup(reload);
  const watch = watchSettings({
    paths: watched,
    // A changed `.env` may hold or lift the pause, whatever the settings are worth.
    onChange: () => {
      loops.wake();
      reload();
    },
    // The vault is the one that others share: it may be a mount that does not answer.
    mayHang: (file) => isInside(parts.settings.app.paths.vault, file),
    clock,
    signal: watching.signal,
  });
  await watch.ready;
  // A change between loading and watching would wait for the next one.
  reload();
  options.onUp?.();
  if (!options.signal.aborted) await once(options.signal);
  watching.abort();
  await watch.closed;
  log.info('stopping');
  await loops.stop();
  log.info('stopped');
}

async function once(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
