// Fails when a string of the catalogue is used nowhere. Never: judges a translation; missing strings are the type checker's.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { runnerImport } from 'vite';

const root = resolve(import.meta.dirname, '..');
const { module } = await runnerImport(join(root, 'words/en.ts'), { root, configFile: false, logLevel: 'error' });

const sources = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(svelte|ts)$/.test(entry.name) && !/node_modules|[\\/]words$/.test(entry.parentPath))
  .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  .join('\n');

// A section that is read as a whole, such as the errors by code, counts as used.
const whole = (path) => new RegExp(`\\bt\\.${path}\\b(?!\\??\\.)`).test(sources);
const unused = [];
for (const [section, strings] of Object.entries(module.en)) {
  if (whole(section)) continue;
  for (const key of Object.keys(strings)) {
    if (!new RegExp(`\\bt\\.${section}\\.${key}\\b`).test(sources)) unused.push(`${section}.${key}`);
  }
}
if (unused.length > 0) {
  console.error(`words: used nowhere: ${unused.join(', ')}`);
  process.exit(1);
}
console.log('words: every string is used');
