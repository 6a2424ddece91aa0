// Operations on cleanups: the housekeeper's rules looked at, registered, changed, removed and run.

import { z } from 'zod';
import { operation } from './operation.ts';
import { cleanupShape } from './shapes.ts';

const cleanup = z.string().min(1).describe('id of a cleanup');
/** Every field is checked by the housekeeper, which knows the ranges. */
const fields = z.record(z.string(), z.json());

export const cleanupOperations = [
  operation({
    name: 'list_cleanups',
    summary: 'Cleanups in the order in which they run, or those that one module registered.',
    effect: 'read',
    input: z.strictObject({ module_id: z.string().optional() }),
    output: z.array(cleanupShape),
    handle: ({ installation }, { module_id }) =>
      installation.service.cleanups.list({ ...(module_id !== undefined && { module: module_id }) }),
  }),
  operation({
    name: 'get_cleanup',
    summary: 'One cleanup.',
    effect: 'read',
    input: z.strictObject({ cleanup }),
    output: cleanupShape,
    handle: ({ installation }, { cleanup }) => installation.service.cleanups.get(cleanup),
  }),
  operation({
    name: 'register_cleanup',
    summary: 'Registers a retention rule for a directory.',
    effect: 'write',
    input: z.strictObject({ rule: fields }),
    output: z.strictObject({ registration_id: z.string() }),
    handle: ({ installation, by }, { rule }) => installation.service.cleanups.register(rule, by),
  }),
  operation({
    name: 'update_cleanup',
    summary: 'Changes the given fields of a registered cleanup.',
    effect: 'write',
    input: z.strictObject({ cleanup, changes: fields }),
    output: cleanupShape,
    handle: ({ installation, by }, { cleanup, changes }) =>
      installation.service.cleanups.update(cleanup, changes, by),
  }),
  operation({
    name: 'remove_cleanup',
    summary: 'Removes a registered cleanup; files stay.',
    effect: 'write',
    input: z.strictObject({ cleanup }),
    output: z.strictObject({ removed: z.string() }),
    handle: ({ installation, by }, { cleanup }) => installation.service.cleanups.remove(cleanup, by),
  }),
  operation({
    name: 'run_cleanup',
    summary: 'Runs one cleanup or all, removes what a dry run has shown, or only shows it.',
    effect: 'run',
    input: z.strictObject({
      cleanup: cleanup.optional(),
      dry_run: z.boolean().optional(),
      plan_id: z.string().min(1).optional(),
    }),
    output: z.looseObject({
      total_files_deleted: z.int(),
      total_space_freed: z.number(),
      dry_run: z.boolean(),
    }),
    handle: async ({ installation, signal, onProgress }, { cleanup, dry_run, plan_id }) => ({
      ...(await installation.service.cleanups.run({
        signal,
        ...(onProgress && { onProgress }),
        ...(cleanup !== undefined && { ruleId: cleanup }),
        ...(dry_run !== undefined && { dryRun: dry_run }),
        ...(plan_id !== undefined && { planId: plan_id }),
      })),
    }),
  }),
];
