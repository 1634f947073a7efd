/** As much of `node:sqlite` as the benchmark uses: the types of Node 20 do not know it. */
declare module "node:sqlite" {
  export class DatabaseSync {
    constructor(path: string);
    exec(sql: string): void;
    prepare(
      sql: string,
    ): { run(...values: (string | number | null)[]): { changes: number } };
    close(): void;
  }
}
