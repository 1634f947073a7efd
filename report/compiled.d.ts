/** Made by `validators.ts` when the page is built. */
declare module "compiled:validators" {
  export const isResult: import("./checks/contract.ts").Validate;
}
