/**
 * Conditions on the value of a string: those of SET, the commands that delete a key under
 * one, and the digest of a value. Values are compared by their bytes.
 *
 * @since 0.1.0
 */
import * as Command from "../Command.ts"
import { define, own as make } from "../Command.ts"
import type { Arg, Key } from "../Command.ts"
import { InvalidCommand } from "../Errors.ts"
import { argv, type FieldsOf, optionsOf } from "../internal/commands/args.ts"
import { appendValueCondition } from "../internal/commands/conditions.ts"
import type { NotWith } from "./options.ts"

/**
 * The key has this value.
 *
 * @since 0.1.0
 * @category models
 */
export interface IfEqual {
  /** Only if the key exists and its value equals this one (IFEQ). Needs Redis 8.4; in SET, Valkey 8.1. */
  readonly ifeq: Arg
  /** Not with `ifeq`. */
  readonly ifdeq?: NotWith<"ifeq"> | undefined
  /** Not with `ifeq`. */
  readonly ifdne?: NotWith<"ifeq"> | undefined
  /** Not with `ifeq`. */
  readonly ifne?: NotWith<"ifeq"> | undefined
}

/**
 * The key has another value.
 *
 * @since 0.1.0
 * @category models
 */
export interface IfNotEqual {
  /** Only if the value of the key differs from this one (IFNE); SET stores at a missing key. Needs Redis 8.4. */
  readonly ifne: Arg
  /** Not with `ifne`. */
  readonly ifdeq?: NotWith<"ifne"> | undefined
  /** Not with `ifne`. */
  readonly ifdne?: NotWith<"ifne"> | undefined
  /** Not with `ifne`. */
  readonly ifeq?: NotWith<"ifne"> | undefined
}

/**
 * The value of the key has this digest.
 *
 * @since 0.1.0
 * @category models
 */
export interface IfDigestEqual {
  /** Only if the key exists and its value has this digest, as DIGEST returns it (IFDEQ). Needs Redis 8.4. */
  readonly ifdeq: string
  /** Not with `ifdeq`. */
  readonly ifdne?: NotWith<"ifdeq"> | undefined
  /** Not with `ifdeq`. */
  readonly ifeq?: NotWith<"ifdeq"> | undefined
  /** Not with `ifdeq`. */
  readonly ifne?: NotWith<"ifdeq"> | undefined
}

/**
 * The value of the key has another digest.
 *
 * @since 0.1.0
 * @category models
 */
export interface IfDigestNotEqual {
  /** Only if the value has another digest than this one (IFDNE); SET stores at a missing key. Needs Redis 8.4. */
  readonly ifdne: string
  /** Not with `ifdne`. */
  readonly ifdeq?: NotWith<"ifdne"> | undefined
  /** Not with `ifdne`. */
  readonly ifeq?: NotWith<"ifdne"> | undefined
  /** Not with `ifdne`. */
  readonly ifne?: NotWith<"ifdne"> | undefined
}

/**
 * A condition on the value of a key: exactly one of `ifeq`, `ifne`, `ifdeq` and `ifdne`.
 *
 * @since 0.1.0
 * @category models
 */
export type ValueCondition = IfEqual | IfNotEqual | IfDigestEqual | IfDigestNotEqual

/**
 * No condition on the value, but perhaps one on whether the key exists.
 *
 * @since 0.1.0
 * @category models
 */
export interface SetWhen {
  /** `"nx"`: stores only if the key does not exist. `"xx"`: stores only if it exists. Default: always. */
  readonly when?: "nx" | "xx" | undefined
  /** Not with `when`. */
  readonly ifdeq?: NotWith<"when"> | undefined
  /** Not with `when`. */
  readonly ifdne?: NotWith<"when"> | undefined
  /** Not with `when`. */
  readonly ifeq?: NotWith<"when"> | undefined
  /** Not with `when`. */
  readonly ifne?: NotWith<"when"> | undefined
}

/**
 * The condition of SET: at most one of `when`, `ifeq`, `ifne`, `ifdeq` and `ifdne`.
 *
 * @since 0.1.0
 * @category models
 */
export type SetCondition =
  | SetWhen
  | (ValueCondition & {
    /** Not with a condition on the value. */
    readonly when?: NotWith<"ifeq, ifne, ifdeq, ifdne"> | undefined
  })

const DELEX = define({ words: ["DELEX"], mode: "write", keys: 1, decode: Command.flag })
const valueConditionFields: FieldsOf<ValueCondition> = { ifeq: "value", ifdeq: "value", ifdne: "value", ifne: "value" }

/**
 * DELEX deletes a key if a condition on its value is met, or, without a condition, in any case and whatever its type.
 * The result is whether it was deleted; `false` if the key does not exist. Fails with ERR if there is a condition and
 * the key holds another type than a string, and with `InvalidCommand` for more than one condition. Needs Redis 8.4.
 *
 * **Example** (Releases a lock that is still one's own)
 *
 * ```ts
 * import { commands } from "effect-redis-sentinel"
 *
 * export const released = commands.delex("lock", { ifeq: "owner-1" })
 * ```
 *
 * @see https://redis.io/docs/latest/commands/delex/
 * @since 0.1.0
 * @category strings
 */
export const delex = (key: Key, condition?: ValueCondition | undefined) => {
  const args = argv(key)
  const given = optionsOf("DELEX", condition, valueConditionFields)
  if (given !== undefined && !appendValueCondition("DELEX", args, given)) {
    throw new InvalidCommand({ command: "DELEX", detail: "condition: one of ifeq, ifne, ifdeq and ifdne is needed" })
  }
  return make(DELEX, args)
}

const DELIFEQ = define({ words: ["DELIFEQ"], mode: "write", keys: 1, decode: Command.flag })
/**
 * DELIFEQ deletes a key if its value equals `value`. The result is whether it was deleted; `false` if the key does
 * not exist. Fails with WRONGTYPE if the key holds another type. Needs Valkey 9.0; Redis 8.4 has `delex`.
 *
 * @see https://valkey.io/commands/delifeq/
 * @since 0.1.0
 * @category strings
 */
export const delifeq = (key: Key, value: Arg) => make(DELIFEQ, argv(key, value))

const DIGEST = define({ words: ["DIGEST"], mode: "read", keys: 1, decode: Command.wordOrNull })
/**
 * DIGEST returns a digest of the value of a string, for `ifdeq` and `ifdne` of SET and DELEX: 16 hexadecimal digits,
 * of the hash XXH3. The result is `null` if the key does not exist. Fails with WRONGTYPE if the key holds another
 * type. Needs Redis 8.4.
 *
 * @see https://redis.io/docs/latest/commands/digest/
 * @since 0.1.0
 * @category strings
 */
export const digest = (key: Key) => make(DIGEST, argv(key))
