// An order that cannot be read: the stack says where the module refused it.
import { execute } from "deployer-runtime";

await execute(null, null, null).catch((error) => console.log(error.stack));
