// Rules of the housekeeper and what a run of them did, as tables. Pure.

import type { CleanupAnswer, CleanupResult, RemovedFile } from '#core/cleanup';
import type { CleanupShape } from '#service/cleanups';
import { fields, table } from '../table.ts';
import { NONE, plural, timeText } from '../text.ts';

export function cleanupsText(rules: readonly CleanupShape[], width: number): string {
  if (rules.length === 0) return 'No cleanups registered\n';
  return table<CleanupShape>(
    [
      { head: 'ID', cell: (rule) => rule.id },
      { head: 'DIRECTORY', cell: (rule) => rule.directory + (rule.recursive ? '/**' : ''), flexible: true },
      { head: 'PATTERN', cell: (rule) => rule.pattern },
      { head: 'GOES', cell: policyText, flexible: true },
      { head: 'PRIORITY', cell: (rule) => String(rule.priority), align: 'right', optional: true },
      { head: 'SOURCE', cell: (rule) => rule.source },
      { head: 'LAST RUN', cell: (rule) => timeText(rule.last_run) },
      { head: 'MODULE', cell: (rule) => rule.module_id ?? NONE, optional: true },
      { head: 'DESCRIPTION', cell: (rule) => rule.description ?? '', optional: true },
    ],
    rules,
    width,
  );
}

export function cleanupText(rule: CleanupShape): string {
  return fields([
    ['Directory', rule.directory + (rule.recursive ? ' and below' : '')],
    ['Pattern', rule.pattern],
    ['Goes', policyText(rule)],
    ['Priority', String(rule.priority)],
    ...(rule.description === null ? [] : [['Description', rule.description] as const]),
  ]);
}

/** Each result, what went of it and why, and the sum. */
export function cleanedText(answer: CleanupAnswer, width: number): string {
  const results = 'report' in answer ? answer.report.details : [answer.result];
  const told = results.map((result) => resultText(result, width));
  const report = 'report' in answer && answer.report_file ? [`report: ${answer.report_file}\n`] : [];
  const plan = answer.plan_id
    ? [
        `plan: ${answer.plan_id}\nremove just these within a day with: aclarai-scheduler cleanup run --plan ${answer.plan_id}\n`,
      ]
    : [];
  if (results.length === 0) return 'No cleanups registered\n';
  return [told.join('\n'), ...(report.length + plan.length > 0 ? ['\n'] : []), ...report, ...plan].join('');
}

function resultText(result: CleanupResult, width: number): string {
  const more = result.removed_not_shown;
  const unsaid = result.warnings_not_shown;
  return [
    `${result.id}: ${result.message}\n`,
    ...(result.error?.fix ? [`  fix: ${result.error.fix}\n`] : []),
    ...(result.removed.length > 0 ? [indented(filesTable(result.removed, width))] : []),
    ...(more > 0 ? [`  and ${plural(more, 'more file')}\n`] : []),
    ...result.warnings.map((warning) => `  ! ${warning}\n`),
    ...(unsaid > 0 ? [`  ! and ${plural(unsaid, 'more warning')}\n`] : []),
  ].join('');
}

function filesTable(files: readonly RemovedFile[], width: number): string {
  return table<RemovedFile>(
    [
      { head: 'FILE', cell: (file) => file.path, flexible: true },
      { head: 'MODIFIED', cell: (file) => timeText(file.modified_at) },
      { head: 'BYTES', cell: (file) => String(file.size), align: 'right' },
      { head: 'BECAUSE OF', cell: (file) => file.reason },
    ],
    files,
    width - 2,
  );
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}

function policyText(rule: CleanupShape): string {
  const policies = [
    ...(rule.retention_days === null ? [] : [`older than ${plural(rule.retention_days, 'day')}`]),
    ...(rule.max_files === null ? [] : [`beyond ${plural(rule.max_files, 'file')}`]),
    ...(rule.max_size_mb === null ? [] : [`beyond ${rule.max_size_mb} MB`]),
  ];
  const limits = [
    ...(rule.min_keep > 0 ? [`keeps ${rule.min_keep}`] : []),
    ...(rule.max_delete_share === null ? [] : [`at most ${rule.max_delete_share * 100} % at once`]),
    ...(rule.dry_run ? ['dry run'] : []),
  ];
  const marked = policies.length === 0 ? 'default retention' : policies.join(', ');
  return [marked, ...limits].join('; ');
}
