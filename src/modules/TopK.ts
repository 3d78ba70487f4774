/**
 * Top-k sketches: the TOPK commands of Redis 8, or of Redis with the module RedisBloom.
 * Its functions make commands, as those of `commands` do; `methods` gives a client
 * methods for them.
 *
 * No live server has checked this module: the replies that its tests decode are made
 * after the public documentation and the module's own tests.
 *
 * @since 0.1.0
 */
import { type MethodsOf, methodsOf } from "../internal/modules/methods.ts"
import * as constructors from "../internal/modules/topK.ts"
import type { Read, ReadBytes, Write, WriteBytes } from "../methods/modules/TopK.ts"

export type { MethodsOf, Runner } from "../internal/modules/methods.ts"
export * from "../internal/modules/topK.ts"

/**
 * The methods of a client that reads.
 *
 * @since 0.1.0
 * @category models
 */
export interface ReadMethods extends Read {
  /** The same methods, with `Uint8Array` in place of `string` in their results. */
  readonly bytes: ReadBytes
}

/**
 * The methods of a client that reads and writes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Methods extends Read, Write {
  /** The same methods, with `Uint8Array` in place of `string` in their results. */
  readonly bytes: ReadBytes & WriteBytes
}

/**
 * The module's methods for a client, or for a reserved connection; a client of replicas
 * has those that read only.
 *
 * @since 0.1.0
 * @category constructors
 */
export const methods: MethodsOf<Methods, ReadMethods> = /*#__PURE__*/ methodsOf(constructors)
