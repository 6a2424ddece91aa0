// A client of the service over HTTP: what programs import as `aclarai-scheduler/client`.

export { SchedulerError } from './core/errors.ts';
export type {
  CallOptions,
  ClientOptions,
  OperationInput,
  OperationName,
  OperationOutput,
} from './faces/http/client.ts';
export { RefusedError, SchedulerClient } from './faces/http/client.ts';
