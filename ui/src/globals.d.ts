/** Replaced by the build with the version in package.json. */
declare const __APP_VERSION__: string;
