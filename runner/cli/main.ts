#!/usr/bin/env node
/** The command line `deployer`: the process around `deployer()`. */
import process from "node:process";
import { deployer } from "./deployer.ts";
import { processShell } from "./shell.ts";

// Not `exitCode`: a command that was given up on may still hold a pipe, and the process with it.
process.exit(await deployer(process.argv.slice(2), processShell()));
