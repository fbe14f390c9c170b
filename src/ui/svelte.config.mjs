// How Svelte compiles the UI. Never: code of the UI.
// Styles go to files, because the content security policy allows no inline ones.
export default { compilerOptions: { css: 'external', runes: true } };
