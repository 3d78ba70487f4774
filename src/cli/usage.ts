/**
 * What is said of options that are wrong. No message repeats a value: it may be a password in the wrong place. All of it
 * goes to the standard error, since the standard output is for reports.
 */
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Console from "effect/Console"
import type { InvalidOption } from "../Errors.ts"

/** Ends a command before it does anything: its options are wrong. Its exit code is 3. */
export const usageError = (message: string): CliError.UserError =>
  new CliError.UserError({ cause: message, userMessage: message })

/** Options of the library, and those of the command that they come from. */
const options: ReadonlyArray<readonly [name: RegExp, option: string]> = [
  [/^group\b/, "--group"],
  [/^sentinels\b/, "--sentinels"],
  [/^natMap\b/, "--nat"],
  [/^(?:node\.)?username\b/, "--username"],
  [/^(?:node\.)?password\b/, "--password"],
  [/^sentinel\.username\b/, "--sentinel-username"],
  [/^sentinel\.password\b/, "--sentinel-password"]
]

/** An option of the library that is wrong, as an option of the command. */
export const usageErrorOf = ({ detail, option }: InvalidOption): CliError.UserError => {
  const found = options.find(([name]) => name.test(option))
  return usageError(`${found === undefined ? option : option.replace(found[0], found[1])}: ${detail}`)
}

/** A flag without what may be a value: `-phunter2` is one word. */
const flagName = (option: string): string => /^--[\w-]+/.exec(option)?.[0] ?? option.slice(0, 2)

/** What is wrong, without a value. */
export const messageOf = (error: unknown): string => {
  if (!CliError.isCliError(error)) return "an unexpected error"
  switch (error._tag) {
    case "ShowHelp":
      return error.errors.map(messageOf).join("; ")
    case "UserError":
      return error.userMessage ?? "an option is wrong"
    case "InvalidValue": {
      const expected = error.expected.replace(/^(?:Expected:? |Invalid .*Expected format: )/, "").replace(
        /,? got:? .*$/s,
        ""
      )
      return `--${error.option}: ${
        error.value === "" ? "a value is missing" : "the value is invalid"
      }; expected ${expected}`
    }
    case "UnrecognizedOption": {
      const [suggestion] = error.suggestions
      return `${flagName(error.option)} is no option of this command${
        suggestion === undefined ? "" : `; did you mean ${suggestion}?`
      }`
    }
    case "UnexpectedArgument":
      return "an argument belongs to no option; values follow their option: --group NAME"
    case "UnknownSubcommand":
      return "there is no such command; the commands are doctor, watch and failover"
    default:
      return error.message
  }
}

/** Says what is wrong and where to read more; all other output is as usual. */
export const presenter = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Console.error(
        `\nERROR\n${event.errors.map((error) => `  ${messageOf(error)}`).join("\n")}\n\n` +
          `${event.commandPath.join(" ")} --help lists the options.`
      )
      : CliOutput.defaultPresenter.present(event)
})
