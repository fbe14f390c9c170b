// Runs the unit tests: bundles every tests/*.test.ts for node and hands them to node's own runner. Never: a browser.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';

const root = resolve(import.meta.dirname, '..');
const folders = ['tests', 'player', 'music', 'photos'];
const sources = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && folders.includes(entry.name))
  .flatMap((entry) => readdirSync(join(root, entry.name)).map((name) => join(root, entry.name, name)))
  .filter((path) => path.endsWith('.test.ts'));
const outDir = mkdtempSync(join(root, 'node_modules/.alcove-test-'));
try {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    plugins: [svelte({ configFile: resolve(root, 'svelte.config.mjs') })],
    build: {
      ssr: true,
      outDir,
      rollupOptions: {
        input: Object.fromEntries(sources.map((path) => [basename(path, '.ts'), path])),
        output: { entryFileNames: '[name].mjs' },
      },
    },
  });
  const files = readdirSync(outDir).filter((name) => name.endsWith('.test.mjs')).map((name) => join(outDir, name));
  const run = spawnSync(process.execPath, ['--test', '--test-reporter', 'dot', ...files], { stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
} finally {
  rmSync(outDir, { recursive: true, force: true });
}
