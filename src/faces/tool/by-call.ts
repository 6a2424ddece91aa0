// The tool as job code calls it: `ctx.call('scheduler', input)`, in the name of its job.

import type { Json } from '#core/handler';
import type { Installation } from '#service/host';
import type { JobCall } from '../operations/job-calls.ts';

export function toolByCall(installation: () => Installation): JobCall {
  return async (_name, input, run, signal) => {
    // Few jobs ask, and a start should not wait for what they ask with.
    const { runTool } = await import('./tool.ts');
    const by = `job:${run.jobId}`;
    const scope = run.snapshot.policy.isolation === 'process' ? 'read' : 'admin';
    const context = { installation: installation(), by, scope, source: 'api', signal } as const;
    return (await runTool(context, input)) as Json;
  };
}
