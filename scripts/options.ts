/**
 * The options of the project's own programs: `--help` prints how a program is called, and what it does not know ends it
 * with one line and how it is called.
 */
import { parseArgs, type ParseArgsConfig } from "node:util"

type OptionsConfig = NonNullable<ParseArgsConfig["options"]>

/** Ends this process: it was called in a wrong way. `problem` is a sentence without its full stop. */
export const endWith = (problem: string, usage: string): never => {
  console.error(`${problem}. Usage: ${usage}`)
  return process.exit(2)
}

const parsed = <T extends OptionsConfig>(
  usage: string,
  options: T,
  allowPositionals: boolean
): ReturnType<typeof parseArgs<{ readonly options: T; readonly allowPositionals: true }>> => {
  if (process.argv.slice(2).includes("--help")) {
    console.log(`Usage: ${usage}`)
    process.exit(0)
  }
  try {
    return parseArgs({ options, allowPositionals: allowPositionals as true })
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS")) throw error
    // Its first sentence says what is wrong; the others how an argument may begin with a dash.
    return endWith((error as Error).message.split(/\. |\n/)[0]!, usage)
  }
}

/** The options of this process, as `parseArgs` gives them. `usage` is how the program is called, in one line. */
export const optionsOf = <T extends OptionsConfig>(
  usage: string,
  options: T
): ReturnType<typeof parseArgs<{ readonly options: T }>>["values"] => parsed(usage, options, false).values

/**
 * The options and the other arguments of this process. `isArgument` says whether an argument is one that the program
 * takes, with all of them.
 */
export const argumentsOf = <T extends OptionsConfig>(
  usage: string,
  options: T,
  isArgument: (argument: string, all: ReadonlyArray<string>) => boolean
): ReturnType<typeof parsed<T>> => {
  const found = parsed(usage, options, true)
  const wrong = found.positionals.find((argument) => !isArgument(argument, found.positionals))
  return wrong === undefined ? found : endWith(`Unexpected argument '${wrong}'`, usage)
}
