import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadSettings } from '#config/load';
import { settingsSchemaText } from '#config/schema';
import { handler, settingsOf } from './harness.ts';

/** A file as a whole aclarai installation shares it among its services. */
const INSTALLATION = `# aclarai configuration
version: "1.0"
config_version: 3
tools:
  web_search: { provider: tavily, enabled: false }
databases:
  postgres: { host: postgres, port: 5432 }
  neo4j: { host: neo4j, port: 7687 }
  rabbitmq: { host: rabbitmq, port: 5672 }
paths:
  vault: /vault
  settings: /settings
  tier1: conversations
  tier2: summaries
  tier3: concepts
model:
  claimify: { default: gpt-3.5-turbo, selection: null }
  concept_linker: gpt-4
embedding: { utterance: all-MiniLM-L6-v2, batch_size: 32 }
threshold: { concept_merge: 0.90, claim_link_strength: 0.60 }
window: { claimify: { p: 3, f: 1 } }
processing:
  temperature: 0.1
  max_tokens: 1000
  timeout_seconds: 30
  retries: { max_attempts: 3 }
logging: { level: INFO, format: json }
plugins: { import: { enabled: true } }
features: { concept_drift: false }
vault_watcher:
  batch_interval: 2.0
  max_batch_size: 50
  file_patterns: ["*.md", "**/*.md"]
  rabbitmq: { host: rabbitmq, queue: aclarai_dirty_blocks }
concept_highlights:
  top_concepts: { metric: pagerank, count: 25, percent: null }
scheduler:
  jobs:
    concept_embedding_refresh:
      enabled: true
      manual_only: false
      cron: "0 3 * * *"
      description: "Refresh concept embeddings from Tier 3 pages"
    vault_sync:
      enabled: true
      manual_only: false
      cron: "*/30 * * * *"
      description: "Sync vault files with knowledge graph"
    top_concepts_job:
      enabled: true
      manual_only: false
      cron: "0 5 * * *"
      metric: pagerank
      count: null
      percent: 5
      target_file: "Top Concepts.md"
    trending_topics_job:
      enabled: true
      cron: "0 5 * * *"
      description: "Generate trending topics"
      window_days: 7
      target_file: "Trending Topics - {date}.md"
    concept_subject_refresh:
      enabled: true
      manual_only: true
      cron: "0 6 * * *"
      similarity_threshold: 0.92
      min_concepts: 3
    concept_summary_refresh:
      enabled: false
      cron: "0 7 * * *"
      cache_ttl: 3600
      skip_if_incomplete: true
    claim_concept_linking:
      enabled: true
      cron: "0 */6 * * *"
      description: "Link claims with concepts"
`;

test('the file of a real installation loads without a fault; one warning names the six classes that are not here', async () => {
  const { jobs, warnings, app } = await settingsOf(INSTALLATION);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatchObject({ code: 'HANDLER_MISSING' });
  const missing = jobs.filter((job) => job.warnings.length > 0).map(({ id }) => id);
  expect(missing).toHaveLength(6);
  for (const id of missing) expect(warnings[0]?.message).toContain(id);
  expect(jobs.find(({ id }) => id === 'vault_sync')).toMatchObject({ enabled: true, warnings: [] });
  expect(jobs.find(({ id }) => id === 'top_concepts_job')?.input).toEqual({
    metric: 'pagerank',
    count: null,
    percent: 5,
    target_file: 'Top Concepts.md',
  });
  expect(app).toMatchObject({
    databases: {
      neo4j: { uri: 'bolt://neo4j:7687', password: null },
      rabbitmq: { url: 'amqp://rabbitmq:5672' },
    },
    concept_highlights: { top_concepts: { count: 25 } },
  });
});

const shipped = (name: string) => new URL(`../../../settings/${name}`, import.meta.url);

test('the shipped file loads without a fault or warning', async () => {
  const file = shipped('aclarai.config.yaml');
  const classes = ['vault_sync', 'housekeeping'].map((name) => [name, handler(name)] as const);
  const result = await loadSettings({
    file: file.pathname,
    env: {},
    cwd: new URL('../../..', import.meta.url).pathname,
    handlers: async () => (name) => new Map(classes).get(name),
  });
  expect(result).toMatchObject({
    kind: 'ok',
    settings: {
      warnings: [],
      jobs: [
        { id: 'vault_sync', enabled: true, runOnStart: true, policy: { misfirePolicy: 'latest' } },
        { id: 'housekeeping', enabled: true, policy: { misfirePolicy: 'latest' } },
      ],
      app: { vault: { graph: 'embedded' } },
    },
  });
});

test('its commented examples are right too', async () => {
  const text = readFileSync(shipped('aclarai.config.yaml'), 'utf8')
    .replaceAll(/^(\s*)# (neo4j:|databases:|nightly_export:|rules:|timezone:)/gm, '$1$2')
    .replaceAll(
      /^(\s*)# ( +(?:handler|enabled|cron|description|custom_param|neo4j|-|directory|pattern|retention_days|min_keep):? )/gm,
      '$1$2',
    );
  const { jobs, housekeeper, app } = await settingsOf(text, { handlers: [handler('my_custom_job')] });
  expect(jobs.map(({ id }) => id)).toEqual(['vault_sync', 'housekeeping', 'nightly_export']);
  expect(jobs[2]).toMatchObject({
    handler: 'my_custom_job',
    enabled: false,
    input: { custom_param: 'value' },
  });
  expect(housekeeper.rules).toMatchObject([{ id: 'old_exports', retentionDays: 14, minKeep: 3 }]);
  expect(app.databases.neo4j?.uri).toBe('bolt://neo4j:7687');
});

test('the shipped JSON Schema is that of the tables; if not: npm run schema', () => {
  expect(readFileSync(shipped('aclarai.config.schema.json'), 'utf8')).toBe(settingsSchemaText());
});
