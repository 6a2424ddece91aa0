// Which operation answers at which path, and why the others do not.

import { OPERATIONS } from '../operations/table.ts';
import { EVENT_ROUTES } from './event-routes.ts';
import { EXECUTION_ROUTES } from './execution-routes.ts';
import { type OwnRoute, typedQuery } from './own-route.ts';

export interface Route {
  operation: string;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below PREFIX; `:name` is a field of the input. */
  path: string;
  /** 201 for what was made, 202 for what was queued. */
  status?: 201 | 202;
  /** The field of the input that the body is; else the body is the input. */
  bodyField?: string;
  /** Names of fields in the words of the event scheduler, each with the operation's own; both are taken. */
  words?: Readonly<Record<string, string>>;
}

const OF_EVENTS = { event_id: 'job' };

export const PREFIX = '/api/v1/scheduler';

export const ROUTES: readonly Route[] = [
  { operation: 'status', method: 'GET', path: '/status' },
  { operation: 'stats', method: 'GET', path: '/stats' },
  { operation: 'audit', method: 'GET', path: '/audit' },
  { operation: 'reload', method: 'POST', path: '/reload' },
  { operation: 'next', method: 'GET', path: '/next', words: OF_EVENTS },
  { operation: 'why', method: 'GET', path: '/why', words: OF_EVENTS },
  { operation: 'simulate', method: 'POST', path: '/simulate' },
  { operation: 'validate_schedule', method: 'POST', path: '/schedules/validate' },
  { operation: 'get_run_log', method: 'GET', path: '/executions/:run/logs' },
  { operation: 'backfill', method: 'POST', path: '/backfill', words: OF_EVENTS },
  { operation: 'pause', method: 'POST', path: '/pause', words: OF_EVENTS },
  { operation: 'resume', method: 'POST', path: '/resume', words: OF_EVENTS },
  { operation: 'list_cleanups', method: 'GET', path: '/cleanups' },
  { operation: 'register_cleanup', method: 'POST', path: '/cleanups', status: 201, bodyField: 'rule' },
  {
    operation: 'run_cleanup',
    method: 'POST',
    path: '/cleanups/run',
    words: { registration_id: 'cleanup' },
  },
  { operation: 'get_cleanup', method: 'GET', path: '/cleanups/:cleanup' },
  { operation: 'update_cleanup', method: 'PATCH', path: '/cleanups/:cleanup', bodyField: 'changes' },
  { operation: 'remove_cleanup', method: 'DELETE', path: '/cleanups/:cleanup' },
  { operation: 'list_queues', method: 'GET', path: '/queues' },
  { operation: 'queue_size', method: 'GET', path: '/queues/:queue/size' },
  { operation: 'peek_queue', method: 'GET', path: '/queues/:queue/peek' },
  { operation: 'put_message', method: 'POST', path: '/queues/:queue/messages', status: 201 },
  { operation: 'lease_messages', method: 'POST', path: '/queues/:queue/lease' },
  { operation: 'ack_messages', method: 'POST', path: '/queues/ack' },
  { operation: 'nack_messages', method: 'POST', path: '/queues/nack' },
  { operation: 'dead_letters', method: 'GET', path: '/queues/:queue/dead' },
  { operation: 'revive_dead', method: 'POST', path: '/queues/:queue/revive' },
  { operation: 'kv_list', method: 'GET', path: '/kv' },
  { operation: 'kv_get', method: 'GET', path: '/kv/:key' },
  { operation: 'kv_set', method: 'POST', path: '/kv/:key' },
  { operation: 'kv_delete', method: 'DELETE', path: '/kv/:key' },
  { operation: 'clear_queue', method: 'POST', path: '/queues/:queue/clear' },
];

/** Paths in the words of the event scheduler. */
export const OWN_ROUTES: readonly OwnRoute[] = [...EVENT_ROUTES, ...EXECUTION_ROUTES];

/** Operations without a path of their own; each is answered at `/call/<name>` (call.ts). */
export const NOT_OFFERED: Readonly<Record<string, string>> = {
  run_handler: 'offered to agents and to the command line only',
  show_config: 'paths and variables of the machine are for those who sit at it',
};

/** What a request carries. */
export interface Given {
  params: Record<string, string>;
  query: Record<string, unknown>;
  body: unknown;
}

/** The input of an operation from a request; what is wrong with it is left to the operation. */
export function inputOf(route: Route, given: Given): unknown {
  const { params, query, body } = given;
  const { words = {} } = route;
  if (route.method === 'GET' || route.method === 'DELETE')
    return { ...typedQuery(OPERATIONS.get(route.operation)!.input, inOurWords(query, words)), ...params };
  if (route.bodyField !== undefined) return { [route.bodyField]: body ?? {}, ...params };
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  return isObject || body === undefined || body === null
    ? { ...inOurWords({ ...body }, words), ...params }
    : body;
}

/** A field that is there in both spellings is left as it is: the operation refuses the one it does not know. */
function inOurWords(
  fields: Record<string, unknown>,
  words: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const renamed = Object.entries(fields).map(([name, value]) => {
    const own = Object.hasOwn(words, name) ? words[name]! : name;
    return [Object.hasOwn(fields, own) ? name : own, value] as const;
  });
  return Object.fromEntries(renamed);
}
