// The words of photos. Never: words of another part.
export const photos = {
};
