// Builds the UI into the folder that `alcove` embeds. Never: code that runs in the browser.
import { defineConfig } from 'vite';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { resolve } from 'node:path';
import { budget } from './build/budget.mjs';
import { precompress } from './build/precompress.mjs';

const here = import.meta.dirname;

export default defineConfig({
  root: here,
  plugins: [svelte({ configFile: resolve(here, 'svelte.config.mjs') }), budget(), precompress()],
  build: {
    outDir: process.env.ALCOVE_UI_DIST || resolve(here, '../../target/ui'),
    emptyOutDir: true,
    target: 'es2022',
    // Everything is a file of its own: the content security policy allows no data: scripts, styles or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': { target: process.env.ALCOVE_DEV_SERVER || 'http://127.0.0.1:8480', changeOrigin: false } },
  },
});
