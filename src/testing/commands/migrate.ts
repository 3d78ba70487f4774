/**
 * The arguments of MIGRATE, for servers in memory. RedisNode.ts moves the keys.
 */
import { fail, int, syntaxError } from "../data/command.ts"

export interface MigrateRequest {
  readonly keys: ReadonlyArray<string>
  readonly database: number
  readonly copy: boolean
  readonly replace: boolean
  readonly login: { readonly username: string; readonly password: string } | undefined
}

/** What a call of MIGRATE asks for. */
export const migrateRequest = (args: ReadonlyArray<string>): MigrateRequest => {
  let copy = false
  let replace = false
  let login: MigrateRequest["login"]
  let keys: ReadonlyArray<string> = [args[3]!]
  for (let i = 6; i < args.length; i++) {
    const left = args.length - i - 1
    switch (args[i]!.toUpperCase()) {
      case "COPY":
        copy = true
        break
      case "REPLACE":
        replace = true
        break
      case "AUTH":
        if (left < 1) return syntaxError()
        login = { username: "default", password: args[++i]! }
        break
      case "AUTH2":
        if (left < 2) return syntaxError()
        login = { username: args[++i]!, password: args[++i]! }
        break
      case "KEYS":
        if (args[3] !== "") {
          return fail("When using MIGRATE KEYS option, the key argument must be set to the empty string")
        }
        keys = args.slice(i + 1)
        i = args.length
        break
      default:
        return syntaxError()
    }
  }
  // The server reads the timeout first.
  int(args[5]!)
  return { keys, database: int(args[4]!), copy, replace, login }
}

/** The keys of a call, whether the server accepts it or not. */
export const migrateKeys = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const at = args.findIndex((arg, i) => i > 5 && arg.toUpperCase() === "KEYS")
  return args[3] !== "" ? args.slice(3, 4) : at === -1 ? [] : args.slice(at + 1)
}
