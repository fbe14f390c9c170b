// Fails the build when the first page costs more than 100 KB compressed. Never: changes what is built.
import { brotli } from './precompress.mjs';

const LIMIT_BYTES = 100 * 1000;

// The first load is the entry, what it imports at once, the home page, the bar of what plays, and the largest language.
const FIRST_PAGE = /pages\/Home\.svelte$|music\/QueueBar\.svelte$/;
const LANGUAGE = /words\/(en|nl|de)\.ts$/;

function reach(bundle, chunk, files = new Set()) {
  if (!chunk || files.has(chunk.fileName)) return files;
  files.add(chunk.fileName);
  for (const css of chunk.viteMetadata?.importedCss ?? []) files.add(css);
  for (const name of chunk.imports) reach(bundle, bundle[name], files);
  return files;
}

export function budget() {
  return {
    name: 'alcove-budget',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const size = (name) => {
          const file = bundle[name];
          return brotli(Buffer.from(file.type === 'chunk' ? file.code : file.source)).length;
        };
        const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
        const first = new Set(['index.html']);
        for (const chunk of chunks) {
          if (chunk.isEntry || FIRST_PAGE.test(chunk.facadeModuleId ?? '')) reach(bundle, chunk, first);
        }
        const languages = chunks.filter((chunk) => LANGUAGE.test(chunk.facadeModuleId ?? ''));
        const largest = Math.max(0, ...languages.map((chunk) => size(chunk.fileName)));
        const total = [...first].reduce((sum, name) => sum + (bundle[name] ? size(name) : 0), largest);
        const shown = `first load ${(total / 1000).toFixed(1)} KB of ${LIMIT_BYTES / 1000} KB compressed`;
        if (total > LIMIT_BYTES) this.error(`${shown}: too large`);
        this.info(shown);
      },
    },
  };
}
