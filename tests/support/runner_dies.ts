/** A Runner that dies where its argument says, as if by a power cut. */
import process from "node:process";
import { FolderLedger } from "deployer-runner/ledgers/folder";
import { execute } from "deployer-runtime";

const [place] = process.argv.slice(2);
const die = (here: string) => {
  if (here === place) process.kill(process.pid, "SIGKILL");
};

const ledger = new FolderLedger("ledger");
const result = await execute(
  { orderId: "order-1", action: { name: "die" } },
  { executionId: "execution-1", runner: "r" },
  () => {
    die("in the action");
    return "done";
  },
  {
    async consume(...claim) {
      die("before consume");
      await ledger.consume(...claim);
      die("after consume");
    },
  },
);
die("after the action");
await ledger.store(result);
die("after store");
