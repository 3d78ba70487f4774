/**
 * The commands that run scripts and functions, and those about the server's scripts.
 * Libraries of functions are in functions.ts.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import {
  appendAll,
  appendVariadic,
  argv,
  arrayOf,
  keysAfterCount,
  keyword,
  type Variadic
} from "../internal/commands/args.ts"

const callArgs = (command: string, what: Arg, keys: ReadonlyArray<Key>, args: ReadonlyArray<Arg>): Array<Arg> => {
  const all = arrayOf(command, "keys", keys)
  return appendAll(appendAll(argv(what, all.length), all), arrayOf(command, "args", args))
}

const EVAL = define({ words: ["EVAL"], mode: "write", keys: keysAfterCount(1), decode: Command.native })
/**
 * EVAL runs a script in Lua on the server, with its keys in `KEYS` and its other arguments in `ARGV`. The result is what
 * the script returns, as plain JavaScript: numbers of Lua are cut off to integers, tables are arrays, `false` is
 * `null`. A script that fails is a `ReplyError`. `evalRo` runs scripts that only read, also on replicas.
 *
 * **Example** (A lock that is released by its owner only)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * const script = `if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`
 * export const release = commands.eval(script, ["lock"], ["owner-1"])
 * ```
 *
 * @see https://redis.io/docs/latest/commands/eval/
 * @since 0.1.0
 * @category scripting
 */
const eval_ = (
  script: string,
  keys: ReadonlyArray<Key> = [],
  args: ReadonlyArray<Arg> = []
) => make(EVAL, callArgs(EVAL.name, script, keys, args))

export { eval_ as eval }

const EVAL_RO = define({ words: ["EVAL_RO"], mode: "read", keys: keysAfterCount(1), decode: Command.native })
/**
 * EVAL_RO runs a script that changes no data, as EVAL does, also on replicas. Fails with ERR if the script writes. Needs
 * Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/eval_ro/
 * @since 0.1.0
 * @category scripting
 */
export const evalRo = (
  script: string,
  keys: ReadonlyArray<Key> = [],
  args: ReadonlyArray<Arg> = []
) => make(EVAL_RO, callArgs(EVAL_RO.name, script, keys, args))

const EVALSHA = define({ words: ["EVALSHA"], mode: "write", keys: keysAfterCount(1), decode: Command.native })
/**
 * EVALSHA runs a script that the server knows by the SHA-1 of its text, as EVAL does. Fails with NOSCRIPT if the server
 * does not know it: after a restart or a failover, `scriptLoad` or `eval` has to send it again.
 *
 * @see https://redis.io/docs/latest/commands/evalsha/
 * @since 0.1.0
 * @category scripting
 */
export const evalsha = (
  sha1: string,
  keys: ReadonlyArray<Key> = [],
  args: ReadonlyArray<Arg> = []
) => make(EVALSHA, callArgs(EVALSHA.name, sha1, keys, args))

const EVALSHA_RO = define({ words: ["EVALSHA_RO"], mode: "read", keys: keysAfterCount(1), decode: Command.native })
/**
 * EVALSHA_RO runs a script that changes no data, by the SHA-1 of its text, also on replicas. Fails with NOSCRIPT if the
 * server does not know it, and with ERR if the script writes. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/evalsha_ro/
 * @since 0.1.0
 * @category scripting
 */
export const evalshaRo = (
  sha1: string,
  keys: ReadonlyArray<Key> = [],
  args: ReadonlyArray<Arg> = []
) => make(EVALSHA_RO, callArgs(EVALSHA_RO.name, sha1, keys, args))

const FCALL = define({ words: ["FCALL"], mode: "write", keys: keysAfterCount(1), decode: Command.native })
/**
 * FCALL calls a function of a library on the server, with its keys and its other arguments. The result is what the
 * function returns, as plain JavaScript. Fails with ERR if there is no such function. `fcallRo` calls functions that
 * only read, also on replicas. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/fcall/
 * @since 0.1.0
 * @category scripting
 */
export const fcall = (
  name: string,
  keys: ReadonlyArray<Key> = [],
  args: ReadonlyArray<Arg> = []
) => make(FCALL, callArgs(FCALL.name, name, keys, args))

const FCALL_RO = define({ words: ["FCALL_RO"], mode: "read", keys: keysAfterCount(1), decode: Command.native })
/**
 * FCALL_RO calls a function that changes no data, as FCALL does, also on replicas. Fails with ERR if there is no such
 * function, or it has not the flag `no-writes`. Needs Redis 7.0.
 *
 * @see https://redis.io/docs/latest/commands/fcall_ro/
 * @since 0.1.0
 * @category scripting
 */
export const fcallRo = (
  name: string,
  keys: ReadonlyArray<Key> = [],
  args: ReadonlyArray<Arg> = []
) => make(FCALL_RO, callArgs(FCALL_RO.name, name, keys, args))

const SCRIPT_LOAD = define({ words: ["SCRIPT", "LOAD"], mode: "read", decode: Command.word })
/**
 * SCRIPT LOAD gives a server a script without running it, and returns the SHA-1 of its text for `evalsha`. Each server
 * has scripts of its own: a replica does not learn them from its primary.
 *
 * @see https://redis.io/docs/latest/commands/script-load/
 * @since 0.1.0
 * @category scripting
 */
export const scriptLoad = (script: string) => make(SCRIPT_LOAD, argv(script))

const SCRIPT_EXISTS = define({ words: ["SCRIPT", "EXISTS"], mode: "read", decode: Command.flags })
/**
 * SCRIPT EXISTS returns which scripts the server knows by the SHA-1 of their texts, in the order of `sha1s`.
 *
 * @see https://redis.io/docs/latest/commands/script-exists/
 * @since 0.1.0
 * @category scripting
 */
export const scriptExists = (...sha1s: Variadic<string>) =>
  make(SCRIPT_EXISTS, appendVariadic(SCRIPT_EXISTS.name, "sha1s", argv(), sha1s))

const SCRIPT_FLUSH = define({ words: ["SCRIPT", "FLUSH"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * SCRIPT FLUSH removes all scripts of a server, and returns `"OK"`: at once (`"sync"`), or in the background
 * (`"async"`). Default: as the server is configured.
 *
 * @see https://redis.io/docs/latest/commands/script-flush/
 * @since 0.1.0
 * @category scripting
 */
export const scriptFlush = (how?: "async" | "sync" | undefined) =>
  make(SCRIPT_FLUSH, how === undefined ? argv() : argv(keyword(SCRIPT_FLUSH.name, "how", how, ["async", "sync"])))

const SCRIPT_KILL = define({ words: ["SCRIPT", "KILL"], mode: "read", repeatable: false, decode: Command.ok })
/**
 * SCRIPT KILL ends the script that the server runs, and returns `"OK"`. Fails with NOTBUSY if none runs, and with
 * UNKILLABLE if it has written.
 *
 * @see https://redis.io/docs/latest/commands/script-kill/
 * @since 0.1.0
 * @category scripting
 */
export const scriptKill = () => make(SCRIPT_KILL, argv())

const SCRIPT_SHOW = define({ words: ["SCRIPT", "SHOW"], mode: "read", decode: Command.string })
/**
 * SCRIPT SHOW returns the text of a script by its SHA-1. Fails with NOSCRIPT if the server does not know it. Needs
 * Valkey 8.0; Redis does not have it.
 *
 * @see https://valkey.io/commands/script-show/
 * @since 0.1.0
 * @category scripting
 */
export const scriptShow = (sha1: string) => make(SCRIPT_SHOW, argv(sha1))
