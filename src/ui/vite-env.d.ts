// What the build tool adds to the language. Never: types of our own.
/// <reference types="vite/client" />
/// <reference types="svelte" />
