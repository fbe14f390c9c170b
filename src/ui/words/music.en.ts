// The words of music. Never: words of another part.
export const music = {
};
