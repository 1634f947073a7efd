// The recipes use the packed module, which a fresh clone has not built yet: say so in one line.
await import("deployer-runtime").catch(({ code }) => {
  if (code !== "ERR_MODULE_NOT_FOUND") {
    throw new Error(`deployer-runtime cannot be loaded: ${code}`);
  }
  console.error(
    "Build first: run `npm ci && npm run build` in the repository's root, then `npm ci` here.",
  );
  process.exit(1);
});
