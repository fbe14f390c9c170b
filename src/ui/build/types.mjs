// Writes api/schema.d.ts from the daemon's OpenAPI document, or with --check fails when the two differ.
// Never: talks to a server; the document comes from a file or from the `alcove` program.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';

const here = import.meta.dirname;
const target = resolve(here, '../api/schema.d.ts');
const check = process.argv.includes('--check');
const given = process.argv.slice(2).find((argument) => !argument.startsWith('--')) ?? process.env.ALCOVE_OPENAPI;

function documentText() {
  if (given) return readFileSync(given, 'utf8');
  const program = ['debug', 'release'].map((kind) => resolve(here, `../../../target/${kind}/alcove`)).find(existsSync);
  return program ? execFileSync(program, ['openapi'], { encoding: 'utf8' }) : null;
}

const text = check && !given ? null : documentText();
if (text === null) {
  console.log('types: no OpenAPI document given (ALCOVE_OPENAPI=FILE), not compared');
  process.exit(check ? 0 : 1);
}
const header = '// The API as the daemon describes it, made by `npm run types`. Never: edited by hand.\n';
const types = header + astToString(await openapiTS(JSON.parse(text), { alphabetize: true }));
if (!check) {
  writeFileSync(target, types);
} else if (types !== readFileSync(target, 'utf8')) {
  console.error('types: api/schema.d.ts does not match the OpenAPI document; run `npm run types`');
  process.exit(1);
}
