// Faults with a stable code and the way to mend them; every face shows these and nothing else.

/** The closed list of error codes (docs: interfaces, "Errors"). */
export type ErrorCode =
  | 'NOT_INITIALIZED'
  | 'PRECONDITION_FAILED'
  | 'TOO_LARGE'
  | 'TOO_MANY_REQUESTS'
  | 'QUOTA_EXCEEDED'
  | 'QUEUE_NOT_FOUND'
  | 'INVALID_PARAMETERS'
  | 'INVALID_SCHEDULE'
  | 'VALIDATION_ERROR'
  | 'MISSING_CRON_EXPRESSION'
  | 'PAST_EVENT'
  | 'JOB_NOT_FOUND'
  | 'RUN_NOT_FOUND'
  | 'HANDLER_NOT_FOUND'
  | 'ALREADY_RUNNING'
  | 'ALREADY_PAUSED'
  | 'NOT_PAUSED'
  | 'CONFIG_NOT_FOUND'
  | 'CLEANUP_ERROR'
  | 'SCHEDULING_ERROR'
  | 'EXECUTION_ERROR'
  | 'CONFLICT'
  | 'FORBIDDEN'
  | 'UNAUTHENTICATED'
  | 'DATABASE_ERROR'
  | 'ENGINE_UNAVAILABLE';

/** What was found and expected (`message`), and how to mend it (`fix`). */
export class SchedulerError extends Error {
  readonly code: ErrorCode;
  readonly fix: string | null;

  constructor(code: ErrorCode, message: string, fix: string | null = null, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SchedulerError';
    this.code = code;
    this.fix = fix;
  }
}

export interface FieldFault {
  /** Dotted path; empty = the whole. */
  field: string;
  message: string;
}

/** Values that do not fit, each with its field. */
export class InvalidFields extends SchedulerError {
  readonly details: readonly FieldFault[];

  constructor(of: string, details: readonly FieldFault[], code: ErrorCode = 'INVALID_PARAMETERS') {
    const said = details.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
    super(code, `${of}: ${said.join('; ')}`, 'correct the fields that are named');
    this.name = 'InvalidFields';
    this.details = details;
  }
}

/** A fault of one in a list: its fields begin with its place, counted from 0. Of anything unexpected nothing is changed. */
export function faultOfItem(thrown: unknown, index: number): unknown {
  if (!(thrown instanceof SchedulerError)) return thrown;
  const details = thrown instanceof InvalidFields ? thrown.details : [{ field: '', message: thrown.message }];
  const placed = details.map(({ field, message }) => ({
    field: field === '' ? String(index) : `${index}.${field}`,
    message,
  }));
  return new InvalidFields('the list', placed, thrown.code);
}

/** An error as a run keeps it and as JSON shows it. */
export interface ErrorRecord {
  code: string;
  message: string;
  fix: string | null;
}

/** Any thrown thing as a record: never fails, whatever a handler throws. */
export function toErrorRecord(thrown: unknown, fallbackCode: ErrorCode = 'EXECUTION_ERROR'): ErrorRecord {
  try {
    return readError(thrown, fallbackCode);
  } catch {
    return { code: fallbackCode, message: 'an error whose own properties throw', fix: null };
  }
}

function readError(thrown: unknown, fallbackCode: ErrorCode): ErrorRecord {
  if (thrown instanceof SchedulerError)
    return { code: thrown.code, message: thrown.message, fix: thrown.fix };
  if (thrown instanceof Error) {
    const { code, fix } = thrown as { code?: unknown; fix?: unknown };
    return {
      code: typeof code === 'string' ? code : fallbackCode,
      message: String(thrown.message || thrown.name),
      fix: typeof fix === 'string' ? fix : null,
    };
  }
  return { code: fallbackCode, message: describe(thrown), fix: null };
}

/** Where it was thrown, for the log; null where that is not to be had. Never fails. */
export function stackOf(thrown: unknown): string | null {
  try {
    return thrown instanceof Error && typeof thrown.stack === 'string' ? thrown.stack : null;
  } catch {
    return null;
  }
}

function describe(thrown: unknown): string {
  try {
    return typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown));
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}

/** The fields of an error line, as other aclarai services read them: `error`, `error_type` (= code), `module_id`, `details`. */
export function faultFields(thrown: unknown, moduleId: string, code: ErrorCode = 'DATABASE_ERROR'): object {
  const record = toErrorRecord(thrown, code);
  return {
    error: record.message,
    error_type: record.code,
    module_id: moduleId,
    details: { fix: record.fix },
  };
}
