// The words of player. Never: words of another part.
export const player = {
};
