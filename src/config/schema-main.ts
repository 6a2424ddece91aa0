// `npm run schema`: writes the JSON Schema beside the shipped settings.

import { writeFileSync } from 'node:fs';
import { settingsSchemaText } from './schema.ts';

writeFileSync(new URL('../../settings/aclarai.config.schema.json', import.meta.url), settingsSchemaText());
