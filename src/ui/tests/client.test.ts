// Addresses are escaped, and errors keep what the box said. Never: a network.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { address, api, ApiError, fill, onLostLogin } from '../api/client.ts';

const real = globalThis.fetch;
afterEach(() => {
  globalThis.fetch = real;
});

function answer(status: number, body: string, headers: Record<string, string> = {}): string[] {
  const asked: string[] = [];
  globalThis.fetch = async (input) => {
    asked.push(String(input));
    return new Response(status === 204 ? null : body, { status, headers });
  };
  return asked;
}

async function failure(run: () => Promise<unknown>): Promise<ApiError> {
  try {
    await run();
  } catch (cause) {
    assert.ok(cause instanceof ApiError);
    return cause;
  }
  return assert.fail('no error');
}

test('values in a path are escaped', () => {
  assert.equal(fill('items/{id}/art/{kind}', { id: 'a/b ?', kind: 'poster' }), 'items/a%2Fb%20%3F/art/poster');
});

test('empty values stay out of the query', () => {
  assert.equal(address('items', { kind: 'film', query: '', parent: undefined, limit: 5 }), '/api/v1/items?kind=film&limit=5');
});

test('an answer is read, and nothing is nothing', async () => {
  answer(200, '{"needed":true}');
  assert.deepEqual(await api.get('setup'), { needed: true });
  answer(204, '');
  assert.equal(await api.post('logout'), undefined);
});

test('a problem keeps its code and how long to wait', async () => {
  answer(429, '{"code":"too_many_attempts","detail":"Wait."}', { 'retry-after': '30' });
  const error = await failure(() => api.get('me'));
  assert.deepEqual([error.code, error.status, error.retry_after_s], ['too_many_attempts', 429, 30]);
});

test('a page of a stranger is still an error', async () => {
  answer(502, '<html>');
  assert.equal((await failure(() => api.get('me'))).code, 'http_502');
  answer(200, '<html>');
  assert.equal((await failure(() => api.get('me'))).code, 'nonsense');
});

test('a box that is away is told apart', async () => {
  globalThis.fetch = async () => {
    throw new TypeError('failed');
  };
  assert.equal((await failure(() => api.get('me'))).code, 'offline');
});

test('a lost login is told once, unless the page asked to handle it', async () => {
  let lost = 0;
  onLostLogin(() => (lost += 1));
  answer(401, '{"code":"login_needed"}');
  await failure(() => api.get('home'));
  await failure(() => api.get('me', { keepLogin: true }));
  assert.equal(lost, 1);
});
