// What somebody asks for in the words of the faces in, a rule out, or every fault with its field named. Pure.

import type { CleanupRule } from '#core/cleanup';
import { closest } from '#core/did-you-mean';
import { SchedulerError } from '#core/errors';
import type { Json, JsonObject } from '#core/handler';
import { type RuleFault, ruleFaults } from './rules.ts';

type Kind = 'text' | 'number' | 'flag';
interface Key {
  field: keyof CleanupRule;
  kind: Kind;
  nullable: boolean;
}

const key = (field: keyof CleanupRule, kind: Kind, nullable = false): Key => ({ field, kind, nullable });

/** The fields of a rule that a call may give, by their names outside. */
const KEYS: Readonly<Record<string, Key>> = {
  directory: key('directory', 'text'),
  pattern: key('pattern', 'text'),
  retention_days: key('retentionDays', 'number', true),
  max_files: key('maxFiles', 'number', true),
  max_size_mb: key('maxSizeMb', 'number', true),
  min_keep: key('minKeep', 'number'),
  priority: key('priority', 'number'),
  recursive: key('recursive', 'flag'),
  dry_run: key('dryRun', 'flag'),
  description: key('description', 'text', true),
  max_delete_share: key('maxDeleteShare', 'number', true),
  module_id: key('moduleId', 'text', true),
};

const WORDS: Record<Kind, string> = { text: 'a text', number: 'a number', flag: 'true or false' };
const SLUG = /^[A-Za-z0-9][\w.:-]{0,127}$/;
const LONGEST_MODULE = 100;

/** A new rule with the defaults of the law. Throws INVALID_PARAMETERS with every fault. */
export function registrationOf(given: JsonObject, newId: () => string): CleanupRule {
  const { id = null, ...rest } = given;
  const faults = id === null ? [] : idFaults(id);
  if (typeof rest.directory !== 'string')
    faults.push({
      field: 'directory',
      message: 'directory is missing',
      fix: 'write the whole path, beginning with /',
    });
  const blank: CleanupRule = {
    id: id === null ? newId() : String(id),
    directory: '',
    pattern: '*',
    retentionDays: null,
    maxFiles: null,
    maxSizeMb: null,
    minKeep: 0,
    priority: 100,
    recursive: false,
    dryRun: false,
    description: null,
    maxDeleteShare: null,
    source: 'api',
    origin: null,
    moduleId: 'unknown',
  };
  return checked(withFields(blank, rest, faults), faults);
}

/** The rule with these fields changed; its id stays. Throws INVALID_PARAMETERS with every fault. */
export function changedRule(rule: CleanupRule, changes: JsonObject): CleanupRule {
  const faults: RuleFault[] = [];
  return checked(withFields(rule, changes, faults), faults);
}

function withFields(rule: CleanupRule, given: JsonObject, faults: RuleFault[]): CleanupRule {
  const fields: Record<string, Json> = {};
  for (const [name, value] of Object.entries(given)) {
    const found = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
    if (!found) faults.push(unknownField(name));
    else if (fits(found, value)) fields[found.field] = value;
    else
      faults.push({
        field: name,
        message: `${name} is ${JSON.stringify(value)}`,
        fix: `write ${WORDS[found.kind]}`,
      });
  }
  return { ...rule, ...fields };
}

function fits({ kind, nullable }: Key, value: Json): boolean {
  if (value === null) return nullable;
  return typeof value === (kind === 'text' ? 'string' : kind === 'flag' ? 'boolean' : 'number');
}

function unknownField(name: string): RuleFault {
  const near = closest(name, Object.keys(KEYS));
  return {
    field: name,
    message: `${name} is no field of a cleanup`,
    fix: near ? `did you mean ${near}?` : `known: ${Object.keys(KEYS).join(', ')}`,
  };
}

function idFaults(id: Json): RuleFault[] {
  if (typeof id === 'string' && SLUG.test(id)) return [];
  const fix = 'write letters, digits, _ . : -, at most 128, beginning with a letter or digit';
  return [{ field: 'id', message: `id is ${JSON.stringify(id)}`, fix }];
}

function checked(rule: CleanupRule, faults: RuleFault[]): CleanupRule {
  const told = new Set(faults.map(({ field }) => field));
  faults.push(...ruleFaults(rule).filter(({ field }) => !told.has(field)));
  if ((rule.moduleId ?? '').length > LONGEST_MODULE)
    faults.push({
      field: 'module_id',
      message: 'module_id is too long',
      fix: `write at most ${LONGEST_MODULE} characters`,
    });
  if (faults.length === 0) return rule;
  throw new SchedulerError(
    'INVALID_PARAMETERS',
    faults.map(({ message }) => message).join('; '),
    faults.map(({ fix }) => fix).join('; '),
  );
}
