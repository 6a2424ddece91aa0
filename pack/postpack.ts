// After `npm pack`: the checkout runs from its sources again.

import { renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { CHECKOUT_PACKAGE, PACKAGE, root } from './places.ts';

renameSync(path.join(root, CHECKOUT_PACKAGE), path.join(root, PACKAGE));
rmSync(path.join(root, 'dist'), { recursive: true });
