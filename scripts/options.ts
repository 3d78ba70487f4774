/**
 * The options of the project's own programs: `--help` prints how a program is called, and what it does not know ends it
 * with one line and how it is called.
 */
import { parseArgs, type ParseArgsConfig } from "node:util"

/** The options of this process, as `parseArgs` gives them. `usage` is how the program is called, in one line. */
export const optionsOf = <T extends NonNullable<ParseArgsConfig["options"]>>(
  usage: string,
  options: T
): ReturnType<typeof parseArgs<{ readonly options: T }>>["values"] => {
  if (process.argv.slice(2).includes("--help")) {
    console.log(`Usage: ${usage}`)
    process.exit(0)
  }
  try {
    return parseArgs({ options }).values
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS")) throw error
    // Its first sentence says what is wrong; the others how an argument may begin with a dash.
    console.error(`${(error as Error).message.split(/\. |\n/)[0]}. Usage: ${usage}`)
    process.exit(2)
  }
}
