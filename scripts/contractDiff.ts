import { contractDiff, exitCodes } from "../review/contractDiff/command.ts";
import { UsageError } from "../terminal/flags.ts";

try {
  process.exitCode = contractDiff(process.argv.slice(2), console.log);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
}
