// The same by require().
const { execute } = require("deployer-runtime");

execute(null, null, null).catch((error) => console.log(error.stack));
