import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/**
 * The options and positionals that a command was given. Ends the process at `--help`, with the usage on stdout and 0; and
 * at an option that it does not know or that lacks its value, with what is wrong and the usage on stderr, and 2.
 */
export function commandLine<Options extends ParseArgsOptionsConfig>(usage: string, options: Options) {
  if (process.argv.slice(2).some((argument) => argument === "--help" || argument === "-h")) {
    process.stdout.write(usage);
    process.exit();
  }
  try {
    return parseArgs<{ allowPositionals: true; options: Options }>({ allowPositionals: true, options });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}`);
    process.exit(2);
  }
}
