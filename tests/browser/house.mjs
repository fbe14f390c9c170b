// A running Alcove with a state of its own. Never: more than loopback, or one that outlives the tests.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROGRAMS } from './places.mjs';

export const OWNER = 'owner';
export const MEMBER = 'member';
export const PASSWORD = 'a password for browser tests';

const houses = new Set();

/**
 * Starts a daemon; with `owner: false` its set-up is still to be done. Houses of the same name are started once.
 * `media: null` leaves it without a folder; with `member: true` somebody lives there beside the owner; `env` is added to
 * its environment.
 */
export async function house({ media, owner = true, member = false, env: added = {} }) {
  const scratch = mkdtempSync(join(tmpdir(), 'alcove-browser-'));
  const port = await freePort();
  const log = join(scratch, 'log');
  const words = ['serve', '--listen', `127.0.0.1:${port}`, '--state', join(scratch, 'state'), '--worker', join(PROGRAMS, 'alcove-worker')];
  if (media) words.push('--media', media);
  const env = { ...process.env, ...added };
  delete env.ALCOVE_OWNER_PASSWORD;
  if (owner) env.ALCOVE_OWNER_PASSWORD = PASSWORD;
  if (member) for (const name of [OWNER, MEMBER]) addPerson(join(scratch, 'state'), name);
  const child = spawn(join(PROGRAMS, 'alcove'), words, { env, stdio: ['ignore', 'ignore', openSync(log, 'w')] });
  const started = { address: `http://127.0.0.1:${port}`, child, scratch, log: () => readFileSync(log, 'utf8') };
  houses.add(started);
  await answers(started);
  if (owner) started.token = await token(started);
  return started;
}

const kept = new Map();

/** One house for all tests that name it: a large library is scanned once. */
export function sharedHouse(name, make) {
  if (!kept.has(name)) kept.set(name, make());
  return kept.get(name);
}

/** Waits until all files are in the list, also those that were just written, and with `pictures` until all pictures are made. */
export async function scanned({ address, token: bearer, log }, { pictures = true, limit_s = 240 } = {}) {
  const end = Date.now() + limit_s * 1000;
  for (;;) {
    const scan = await ask(address, 'scan', bearer);
    const done = pictures ? scan.state === 'idle' && scan.finished_at : scan.started_at && scan.state !== 'scanning';
    if (done && scan.settling === 0) return scan;
    if (Date.now() > end) throw new Error(`the scan is not done after ${limit_s} s: ${JSON.stringify(scan)}\n${log()}`);
    await sleep(50);
  }
}

/** One question to the API, as the owner. */
export async function ask(address, path, bearer) {
  const answer = await fetch(`${address}/api/v1/${path}`, { headers: { authorization: `Bearer ${bearer}` } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** What a person could answer about privacy, given to the API. */
export async function answer({ address, token: bearer }, mode, switches = {}) {
  const body = { mode, switches: { playback_statistics: false, crash_reports: false, release_news: false, ...switches } };
  const reply = await fetch(`${address}/api/v1/privacy/consent`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(`privacy/consent: ${reply.status} ${await reply.text()}`);
  return reply.json();
}

export async function closeHouses() {
  for (const { child, scratch } of houses) {
    child.kill('SIGTERM');
    await Promise.race([new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done())), sleep(5000)]);
    if (child.exitCode === null) child.kill('SIGKILL');
    rmSync(scratch, { recursive: true, force: true });
  }
  houses.clear();
}

/** The first one is the owner. */
function addPerson(state, name) {
  execFileSync(join(PROGRAMS, 'alcove'), ['user', '--state', state, 'add', name], { input: `${PASSWORD}\n`, stdio: ['pipe', 'ignore', 'pipe'] });
}

async function token({ address }) {
  const body = JSON.stringify({ username: OWNER, password: PASSWORD, token: true });
  const answer = await fetch(`${address}/api/v1/login`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  if (!answer.ok) throw new Error(`login: ${answer.status} ${await answer.text()}`);
  return (await answer.json()).token;
}

async function answers({ address, child, log }) {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (child.exitCode !== null) throw new Error(`alcove ended at its start:\n${log()}`);
    try {
      if ((await fetch(`${address}/healthz`)).ok) return;
    } catch {
      // Not listening yet.
    }
    await sleep(20);
  }
  throw new Error(`alcove did not answer within 20 s:\n${log()}`);
}

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
