// The event scheduler in TypeScript: what programs import as `aclarai-scheduler/events`.

import { EventFace } from './faces/compat/event-scheduler.ts';
import type { HandlerCode, SchedulerOptions } from './faces/library/api.ts';
import { SchedulerService } from './index.ts';

export type {
  EventError,
  EventFields,
  EventId,
  ExecutedShape,
  Housekeeping,
  NewEvent,
  Result,
} from './faces/compat/event-scheduler.ts';
export type { EventShape, EventStatus, IntervalType } from './faces/compat/event-words.ts';
export type { EventFilters } from './faces/compat/events.ts';

export interface EventSchedulerOptions extends SchedulerOptions {
  /** Functions by the names that events call them by. More: `service.registerHandler`. */
  functions?: Readonly<Record<string, HandlerCode>>;
}

/** Events over a scheduler of its own, or over one that is there; see `EventFace`. */
export class EventScheduler extends EventFace {
  constructor(options: EventSchedulerOptions | SchedulerService = {}) {
    super(options instanceof SchedulerService ? options : new SchedulerService(options));
    if (options instanceof SchedulerService) return;
    for (const [name, code] of Object.entries(options.functions ?? {}))
      this.service.registerHandler(name, code);
  }
}
