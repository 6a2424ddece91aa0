// The subpath `./tool`: the scheduler of a program as one tool that an agent calls.

import { LibraryFace } from '../library/face.ts';
import type { ToolInput, ToolOutput } from './schema.ts';
import { runTool } from './tool.ts';

export type { ToolInput, ToolOutput } from './schema.ts';
export { toolInput as inputSchema, toolOutput as outputSchema } from './schema.ts';

export interface SchedulerTool {
  /** Always answers: what is refused or fails is an output with `success: false`. `signal` ends the wait of `run_now`. */
  run(input: ToolInput | Record<string, unknown>, signal?: AbortSignal): Promise<ToolOutput>;
}

/**
 * The tool on a SchedulerService of this package. Whoever holds it may do everything. `schedule`, `run_now` and `start`
 * start a service that was never started, unless another process serves the same ledger.
 */
export function createSchedulerTool(service: LibraryFace): SchedulerTool {
  let started: Promise<void> | null = null;
  const ensureStarted = async () => {
    const { installation } = await LibraryFace.opened(service);
    if (installation.isServed) return;
    started ??= service.start();
    await started;
  };
  return {
    async run(input, signal = new AbortController().signal) {
      const { installation, by } = await LibraryFace.opened(service);
      const caller = { by, scope: 'admin', source: 'api', signal, ensureStarted } as const;
      return await runTool({ installation, ...caller }, input);
    },
  };
}
