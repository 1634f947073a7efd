/** What `bundle.ts` puts in its place. */
declare module "generated:files" {
  const files: Record<string, string>;
  export default files;
}
