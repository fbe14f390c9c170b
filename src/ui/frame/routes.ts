// Which address shows which page. Never: a page that is loaded before it is asked for.
import type { Component } from 'svelte';
import { match } from './match.ts';

type Load = () => Promise<{ default: Component<Record<string, string>> }>;

export interface Route {
  pattern: string;
  load: Load;
  /** Fills the window, without rail and bars. */
  bare?: boolean;
}

function page(load: () => Promise<{ default: unknown }>): Load {
  return load as Load;
}

export const routes: readonly Route[] = [
  { pattern: '/', load: page(() => import('../pages/Home.svelte')) },
  { pattern: '/films', load: page(() => import('../pages/Films.svelte')) },
  { pattern: '/series', load: page(() => import('../pages/AllSeries.svelte')) },
  { pattern: '/series/:itemId', load: page(() => import('../pages/Series.svelte')) },
  { pattern: '/videos', load: page(() => import('../pages/Videos.svelte')) },
  { pattern: '/item/:itemId', load: page(() => import('../pages/Item.svelte')) },
  { pattern: '/settings', load: page(() => import('../settings/Libraries.svelte')) },
  { pattern: '/settings/problems', load: page(() => import('../settings/Problems.svelte')) },
  { pattern: '/settings/account', load: page(() => import('../settings/Account.svelte')) },
  { pattern: '/settings/update', load: page(() => import('../update/Page.svelte')) },
  { pattern: '/settings/about', load: page(() => import('../settings/About.svelte')) },
  { pattern: '/privacy', load: page(() => import('../privacy/Page.svelte')) },
  { pattern: '/privacy/question', load: page(() => import('../privacy/Question.svelte')), bare: true },
  { pattern: '/welcome/privacy', load: page(() => import('../privacy/Question.svelte')), bare: true },
  { pattern: '/welcome', load: page(() => import('../pages/Welcome.svelte')), bare: true },
  { pattern: '/music', load: page(() => import('../music/Music.svelte')) },
  { pattern: '/artist/:itemId', load: page(() => import('../music/Artist.svelte')) },
  { pattern: '/album/:itemId', load: page(() => import('../music/Album.svelte')) },
  { pattern: '/photos', load: page(() => import('../photos/Photos.svelte')) },
  { pattern: '/photo/:itemId', load: page(() => import('../photos/Viewer.svelte')), bare: true },
  { pattern: '/play/:itemId', load: page(() => import('../player/Player.svelte')), bare: true },
];

const NOT_FOUND: Route = { pattern: '*', load: page(() => import('../pages/NotFound.svelte')) };

export interface Found {
  route: Route;
  params: Record<string, string>;
}

export function find(path: string): Found {
  for (const route of routes) {
    const params = match(route.pattern, path);
    if (params) return { route, params };
  }
  return { route: NOT_FOUND, params: {} };
}
