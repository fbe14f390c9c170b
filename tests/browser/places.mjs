// Where things are. Never: a path outside this clone's target folder and the programs it was told of.
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const SCREENSHOTS = join(ROOT, 'target/screenshots');
export const MEDIA = join(ROOT, 'target/test-media/browser');
export const MAKE = join(ROOT, 'tests/media/make.sh');

/** The folder of `alcove` and `alcove-worker`. */
export const PROGRAMS = process.env.ALCOVE_PROGRAMS ?? join(ROOT, 'target/debug');
