/** The path of a file's URL, where a test names a file. */
export const fileURLToPath = (url: URL): string => url.pathname;
