// Starts the UI: words first, then who is there, then the page. Never: anything after the first frame.
import { mount } from 'svelte';
import './style/theme.css';
import App from './App.svelte';
import { session } from './frame/session.svelte.ts';
import { browserLanguage, speak } from './words/words.svelte.ts';

await speak(browserLanguage());
await session.start();
mount(App, { target: document.getElementById('app') as HTMLElement });
