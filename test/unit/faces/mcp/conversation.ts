// The whole conversation of an agent with the scheduler, by the protocol's own client, over whatever transport it is given.

import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { type CallToolResult, ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { expect } from 'vitest';

type Data = Record<string, unknown>;

/** `client` checks every answer against the schema that the server has told of. */
export function caller(client: Client) {
  return async (name: string, args: Data = {}, onprogress?: (told: unknown) => void): Promise<Data> => {
    const options = onprogress ? { onprogress } : {};
    const result = (await client.callTool({ name, arguments: args }, undefined, options)) as CallToolResult;
    const [said] = result.content;
    if (result.isError) throw new Error(said?.type === 'text' ? said.text : 'no text');
    expect(JSON.parse(said?.type === 'text' ? said.text : '')).toEqual(result.structuredContent);
    return result.structuredContent as Data;
  };
}

export interface Stage {
  /** A handler that answers `{said: input.text}` and tells progress. */
  handler: string;
  /** Not where another process runs the job: nothing tells of its progress there. */
  tellsProgress: boolean;
}

/** Discover → schedule → wait → read the result from the queue → explain a skip → cancel. */
export async function conversation(client: Client, { handler, tellsProgress }: Stage): Promise<void> {
  const call = caller(client);

  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['scheduler', 'schedule_task', 'why_job']),
  );
  const updated: string[] = [];
  const told = Promise.withResolvers<void>();
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
    updated.push(params.uri);
    told.resolve();
  });

  const scheduled = await call('scheduler', {
    operation: 'schedule',
    job_id: 'greeting',
    schedule_type: 'once',
    schedule: 'now',
    agentool_name: handler,
    input_data: { text: 'good morning' },
    result_queue: 'greetings',
  });
  expect(scheduled).toMatchObject({ success: true, data: { job_id: 'greeting' } });

  await client.subscribeResource({ uri: 'aclarai://jobs/hourly' }).catch((error: Error) => {
    // It is not there yet, and is said to be.
    expect(error.message).toContain('there is no job hourly');
  });
  const task = await call('schedule_task', {
    name: 'hourly',
    function_name: handler,
    execution_time: '2100-01-01T00:00:00Z',
    recurring: true,
    interval_type: 'hours',
    interval_value: 1,
    parameters: { text: 'on the hour' },
  });
  const event_id = (task.details as { event_id: string }).event_id;
  const uri = `aclarai://jobs/${event_id}`;
  await client.subscribeResource({ uri });
  const progress: unknown[] = [];
  const executed = await call('execute_task_now', { event_id }, (step) => progress.push(step));
  expect(executed).toMatchObject({ success: true, details: { result: { said: 'on the hour' } } });
  expect(progress).toMatchObject(tellsProgress ? [{ progress: 1, total: 2 }] : []);
  await told.promise;
  expect(updated).toContain(uri);

  let delivery: Data | undefined;
  while (!delivery) {
    const { result } = await call('lease_messages', { queue: 'greetings', seconds: 30 });
    [delivery] = result as Data[];
  }
  expect(delivery.body).toMatchObject({
    job_id: 'greeting',
    result: { said: 'good morning' },
    status: 'success',
  });
  expect(await call('ack_messages', { receipts: [delivery.receipt] })).toEqual({ acked: 1, lost: [] });

  const run = await client.readResource({ uri: `aclarai://runs/${delivery.run_id}` });
  const [content] = run.contents as { text: string }[];
  expect(JSON.parse(content!.text)).toMatchObject({ state: 'succeeded', job: 'greeting' });

  expect(await call('pause_resume_task', { event_id, action: 'pause' })).toMatchObject({
    details: { status: 'paused' },
  });
  const why = await call('why_job', { job: event_id, at: '2100-01-01T00:00:00Z' });
  expect(why.text).toContain('paused');
  const runs = await call('list_runs', { job: event_id });
  expect(runs.result).toMatchObject([
    { kind: 'manual', state: 'succeeded', by: expect.stringMatching(/^mcp:/) },
  ]);

  expect(await call('cancel_task', { event_id })).toMatchObject({ success: true });
  await expect(call('cancel_task', { event_id })).rejects.toThrow('JOB_NOT_FOUND');
}
