// Generated from package.json by `npm run generate`: do not edit.

/** The version of this package. */
export const VERSION: string = "1.0.0";
