/**
 * The types of the commands that write typed values. The members are written out, since
 * editors show no documentation for the members of a mapped type.
 */
import type * as Command from "../../Command.ts"
import type { Key } from "../../Command.ts"
import type {
  ArrayIndex,
  GeoaddOptions,
  HsetexOptions,
  MoveMany,
  MsetexOptions,
  NewExpiry,
  OneOrMore,
  Side,
  TimeoutInput,
  ZaddOptions
} from "../../commands/index.ts"
import type {
  GeoValue,
  Outcome,
  PoppedScoredValues,
  PoppedValues,
  SetOptionsOf,
  ValueConditionOf,
  ZaddIncrOptions
} from "./results.ts"

/**
 * The commands that write values of type `T`. Several values are rest parameters, since a
 * value may be an array itself. A value that cannot be encoded fails with `InvalidCommand`
 * before anything is sent. A stored value that such a command returns and that does not fit
 * fails with `ValueMismatch`; the command has been executed.
 *
 * @since 0.1.0
 * @category models
 */
export interface ValueWrites<in out T, As extends keyof Outcome<unknown, "write">> {
  /** SET sets a key; `null` where its condition was not met. */
  readonly set: {
    /** SET sets a key; `null` where its condition was not met. */
    (key: Key, value: T, options?: SetOptionsOf<T> | undefined): Outcome<"OK" | null, "write">[As]
  }

  /** SET with GET sets a key and returns the value that it had; `null` if it did not exist. */
  readonly setGet: {
    /** SET with GET sets a key and returns the value that it had; `null` if it did not exist. */
    (key: Key, value: T, options?: SetOptionsOf<T> | undefined): Outcome<T | null, "write">[As]
  }

  /** GETDEL returns the value of a key and deletes the key; `null` if it does not exist. */
  readonly getdel: {
    /** GETDEL returns the value of a key and deletes the key; `null` if it does not exist. */
    (key: Key): Outcome<T | null, "write">[As]
  }

  /** GETEX returns the value of a key and changes when it expires; `null` if it does not exist. */
  readonly getex: {
    /** GETEX returns the value of a key and changes when it expires; `null` if it does not exist. */
    (key: Key, options: NewExpiry): Outcome<T | null, "write">[As]
  }

  /** MSET sets keys at once. */
  readonly mset: {
    /** MSET sets keys at once. */
    (entries: Readonly<Record<string, T>> | Iterable<readonly [key: Key, value: T]>): Outcome<"OK", "write">[As]
  }

  /** MSETNX sets keys at once if none of them exists, and returns whether it did. */
  readonly msetnx: {
    /** MSETNX sets keys at once if none of them exists, and returns whether it did. */
    (entries: Readonly<Record<string, T>> | Iterable<readonly [key: Key, value: T]>): Outcome<boolean, "write">[As]
  }

  /** MSETEX sets keys and when they expire, and returns whether it did. It needs Redis 8.4 or Valkey 9.1. */
  readonly msetex: {
    /** MSETEX sets keys and when they expire, and returns whether it did. It needs Redis 8.4 or Valkey 9.1. */
    (
      entries: Readonly<Record<string, T>> | Iterable<readonly [key: Key, value: T]>,
      options?: MsetexOptions | undefined
    ): Outcome<boolean, "write">[As]
  }

  /** DELEX deletes a key if its value meets a condition, and returns whether it did. It needs Redis 8.4. */
  readonly delex: {
    /** DELEX deletes a key if its value meets a condition, and returns whether it did. It needs Redis 8.4. */
    (key: Key, condition?: ValueConditionOf<T> | undefined): Outcome<boolean, "write">[As]
  }

  /** DELIFEQ deletes a key if it has this value, and returns whether it did. It needs Valkey 9.0. */
  readonly delifeq: {
    /** DELIFEQ deletes a key if it has this value, and returns whether it did. It needs Valkey 9.0. */
    (key: Key, value: T): Outcome<boolean, "write">[As]
  }

  /** HSET sets fields of a hash, and returns how many are new. */
  readonly hset: {
    /** HSET sets fields of a hash, and returns how many are new. */
    (
      key: Key,
      fields: Readonly<Record<string, T>> | Iterable<readonly [field: Key, value: T]>
    ): Outcome<number, "write">[As]
  }

  /** HSETNX sets a field if it does not exist, and returns whether it did. */
  readonly hsetnx: {
    /** HSETNX sets a field if it does not exist, and returns whether it did. */
    (key: Key, field: Key, value: T): Outcome<boolean, "write">[As]
  }

  /** HSETEX sets fields and when they expire, and returns whether it did. It needs Redis 8.0 or Valkey 9.0. */
  readonly hsetex: {
    /** HSETEX sets fields and when they expire, and returns whether it did. It needs Redis 8.0 or Valkey 9.0. */
    (
      key: Key,
      fields: Readonly<Record<string, T>> | Iterable<readonly [field: Key, value: T]>,
      options?: HsetexOptions | undefined
    ): Outcome<boolean, "write">[As]
  }

  /** HGETDEL returns the values of fields and deletes the fields. It needs Redis 8.0 or Valkey 9.1. */
  readonly hgetdel: {
    /** HGETDEL returns the values of fields and deletes the fields. It needs Redis 8.0 or Valkey 9.1. */
    (key: Key, fields: OneOrMore<Key>): Outcome<Array<T | null>, "write">[As]
  }

  /** HGETEX returns the values of fields and changes when the fields expire. It needs Redis 8.0 or Valkey 9.0. */
  readonly hgetex: {
    /** HGETEX returns the values of fields and changes when the fields expire. It needs Redis 8.0 or Valkey 9.0. */
    (key: Key, fields: OneOrMore<Key>, options: NewExpiry): Outcome<Array<T | null>, "write">[As]
  }

  /** LPUSH puts elements before a list, and returns its length. */
  readonly lpush: {
    /** LPUSH puts elements before a list, and returns its length. */
    (key: Key, ...elements: Array<T>): Outcome<number, "write">[As]
  }

  /** LPUSHX puts elements before a list that exists, and returns its length. */
  readonly lpushx: {
    /** LPUSHX puts elements before a list that exists, and returns its length. */
    (key: Key, ...elements: Array<T>): Outcome<number, "write">[As]
  }

  /** RPUSH puts elements behind a list, and returns its length. */
  readonly rpush: {
    /** RPUSH puts elements behind a list, and returns its length. */
    (key: Key, ...elements: Array<T>): Outcome<number, "write">[As]
  }

  /** RPUSHX puts elements behind a list that exists, and returns its length. */
  readonly rpushx: {
    /** RPUSHX puts elements behind a list that exists, and returns its length. */
    (key: Key, ...elements: Array<T>): Outcome<number, "write">[As]
  }

  /** LPOP removes the first element and returns it; `null` if the key does not exist. */
  readonly lpop: {
    /** LPOP removes the first element and returns it; `null` if the key does not exist. */
    (key: Key): Outcome<T | null, "write">[As]
  }

  /** LPOP with a count removes the first elements and returns them; `null` if the key does not exist. */
  readonly lpopCount: {
    /** LPOP with a count removes the first elements and returns them; `null` if the key does not exist. */
    (key: Key, count: number): Outcome<Array<T> | null, "write">[As]
  }

  /** RPOP removes the last element and returns it; `null` if the key does not exist. */
  readonly rpop: {
    /** RPOP removes the last element and returns it; `null` if the key does not exist. */
    (key: Key): Outcome<T | null, "write">[As]
  }

  /** RPOP with a count removes the last elements and returns them; `null` if the key does not exist. */
  readonly rpopCount: {
    /** RPOP with a count removes the last elements and returns them; `null` if the key does not exist. */
    (key: Key, count: number): Outcome<Array<T> | null, "write">[As]
  }

  /**
   * LINSERT puts an element before or behind another one, and returns the length of the list; -1 if the list does not
   * have the other one.
   */
  readonly linsert: {
    /**
     * LINSERT puts an element before or behind another one, and returns the length of the list; -1 if the list does not
     * have the other one.
     */
    (key: Key, where: "before" | "after", pivot: T, element: T): Outcome<number, "write">[As]
  }

  /** LSET replaces the element at an index. */
  readonly lset: {
    /** LSET replaces the element at an index. */
    (key: Key, index: number, element: T): Outcome<"OK", "write">[As]
  }

  /** LREM removes elements that are equal to one, and returns how many. */
  readonly lrem: {
    /** LREM removes elements that are equal to one, and returns how many. */
    (key: Key, count: number, element: T): Outcome<number, "write">[As]
  }

  /** LMOVE moves an element from one list to another and returns it; `null` if the source does not exist. */
  readonly lmove: {
    /** LMOVE moves an element from one list to another and returns it; `null` if the source does not exist. */
    (source: Key, destination: Key, from: Side, to: Side): Outcome<T | null, "write">[As]
  }

  /** BLMOVE is LMOVE that waits for an element; `null` after the timeout. */
  readonly blmove: {
    /** BLMOVE is LMOVE that waits for an element; `null` after the timeout. */
    (source: Key, destination: Key, from: Side, to: Side, timeout: TimeoutInput): Outcome<T | null, "write">[As]
  }

  /** LMOVEM moves elements from one list to another and returns them; `null` if it moved none. It needs Redis 8.10. */
  readonly lmovem: {
    /** LMOVEM moves elements from one list to another and returns them; `null` if it moved none. It needs Redis 8.10. */
    (
      source: Key,
      destination: Key,
      from: Side,
      to: Side,
      many?: MoveMany | undefined
    ): Outcome<Array<T> | null, "write">[As]
  }

  /** BLMOVEM is LMOVEM that waits for elements; `null` after the timeout. It needs Redis 8.10. */
  readonly blmovem: {
    /** BLMOVEM is LMOVEM that waits for elements; `null` after the timeout. It needs Redis 8.10. */
    (
      source: Key,
      destination: Key,
      from: Side,
      to: Side,
      timeout: TimeoutInput,
      many?: MoveMany | undefined
    ): Outcome<Array<T> | null, "write">[As]
  }

  /** LMPOP removes elements from the first list that has any, and returns them with its key. */
  readonly lmpop: {
    /** LMPOP removes elements from the first list that has any, and returns them with its key. */
    (keys: OneOrMore<Key>, side: Side, count?: number | undefined): Outcome<PoppedValues<T> | null, "write">[As]
  }

  /** BLMPOP is LMPOP that waits for an element; `null` after the timeout. */
  readonly blmpop: {
    /** BLMPOP is LMPOP that waits for an element; `null` after the timeout. */
    (
      keys: OneOrMore<Key>,
      side: Side,
      timeout: TimeoutInput,
      count?: number | undefined
    ): Outcome<PoppedValues<T> | null, "write">[As]
  }

  /** BLPOP removes the first element of the first list that has any, and waits for one; `null` after the timeout. */
  readonly blpop: {
    /** BLPOP removes the first element of the first list that has any, and waits for one; `null` after the timeout. */
    (keys: OneOrMore<Key>, timeout: TimeoutInput): Outcome<[key: string, element: T] | null, "write">[As]
  }

  /** BRPOP removes the last element of the first list that has any, and waits for one; `null` after the timeout. */
  readonly brpop: {
    /** BRPOP removes the last element of the first list that has any, and waits for one; `null` after the timeout. */
    (keys: OneOrMore<Key>, timeout: TimeoutInput): Outcome<[key: string, element: T] | null, "write">[As]
  }

  /** SADD adds members to a set, and returns how many are new. */
  readonly sadd: {
    /** SADD adds members to a set, and returns how many are new. */
    (key: Key, ...members: Array<T>): Outcome<number, "write">[As]
  }

  /** SREM removes members from a set, and returns how many. */
  readonly srem: {
    /** SREM removes members from a set, and returns how many. */
    (key: Key, ...members: Array<T>): Outcome<number, "write">[As]
  }

  /** SPOP removes a random member and returns it; `null` if the key does not exist. */
  readonly spop: {
    /** SPOP removes a random member and returns it; `null` if the key does not exist. */
    (key: Key): Outcome<T | null, "write">[As]
  }

  /** SPOP with a count removes random members and returns them. */
  readonly spopCount: {
    /** SPOP with a count removes random members and returns them. */
    (key: Key, count: number): Outcome<Array<T>, "write">[As]
  }

  /** SMOVE moves a member from one set to another, and returns whether it was there. */
  readonly smove: {
    /** SMOVE moves a member from one set to another, and returns whether it was there. */
    (source: Key, destination: Key, member: T): Outcome<boolean, "write">[As]
  }

  /** ZADD adds members with scores to a sorted set, and returns how many are new. */
  readonly zadd: {
    /** ZADD adds members with scores to a sorted set, and returns how many are new. */
    (
      key: Key,
      members: ReadonlyArray<Command.Scored<T>>,
      options?: ZaddOptions | undefined
    ): Outcome<number, "write">[As]
  }

  /** ZADD with INCR adds to the score of a member, and returns the new one; `null` where `when` was not met. */
  readonly zaddIncr: {
    /** ZADD with INCR adds to the score of a member, and returns the new one; `null` where `when` was not met. */
    (key: Key, member: T, increment: number, options?: ZaddIncrOptions | undefined): Outcome<number | null, "write">[As]
  }

  /** ZINCRBY adds to the score of a member, and returns the new one. */
  readonly zincrby: {
    /** ZINCRBY adds to the score of a member, and returns the new one. */
    (key: Key, increment: number, member: T): Outcome<number, "write">[As]
  }

  /** ZREM removes members from a sorted set, and returns how many. */
  readonly zrem: {
    /** ZREM removes members from a sorted set, and returns how many. */
    (key: Key, ...members: Array<T>): Outcome<number, "write">[As]
  }

  /** ZPOPMIN removes the member with the lowest score and returns it; `null` if the key does not exist. */
  readonly zpopmin: {
    /** ZPOPMIN removes the member with the lowest score and returns it; `null` if the key does not exist. */
    (key: Key): Outcome<Command.Scored<T> | null, "write">[As]
  }

  /** ZPOPMIN with a count removes the members with the lowest scores and returns them. */
  readonly zpopminCount: {
    /** ZPOPMIN with a count removes the members with the lowest scores and returns them. */
    (key: Key, count: number): Outcome<Array<Command.Scored<T>>, "write">[As]
  }

  /** ZPOPMAX removes the member with the highest score and returns it; `null` if the key does not exist. */
  readonly zpopmax: {
    /** ZPOPMAX removes the member with the highest score and returns it; `null` if the key does not exist. */
    (key: Key): Outcome<Command.Scored<T> | null, "write">[As]
  }

  /** ZPOPMAX with a count removes the members with the highest scores and returns them. */
  readonly zpopmaxCount: {
    /** ZPOPMAX with a count removes the members with the highest scores and returns them. */
    (key: Key, count: number): Outcome<Array<Command.Scored<T>>, "write">[As]
  }

  /** ZMPOP removes members from the first sorted set that has any, and returns them with its key. */
  readonly zmpop: {
    /** ZMPOP removes members from the first sorted set that has any, and returns them with its key. */
    (
      keys: OneOrMore<Key>,
      which: "min" | "max",
      count?: number | undefined
    ): Outcome<PoppedScoredValues<T> | null, "write">[As]
  }

  /** BZMPOP is ZMPOP that waits for a member; `null` after the timeout. */
  readonly bzmpop: {
    /** BZMPOP is ZMPOP that waits for a member; `null` after the timeout. */
    (
      keys: OneOrMore<Key>,
      which: "min" | "max",
      timeout: TimeoutInput,
      count?: number | undefined
    ): Outcome<PoppedScoredValues<T> | null, "write">[As]
  }

  /**
   * BZPOPMIN removes the member with the lowest score of the first sorted set that has any, and waits for one; `null`
   * after the timeout.
   */
  readonly bzpopmin: {
    /**
     * BZPOPMIN removes the member with the lowest score of the first sorted set that has any, and waits for one; `null`
     * after the timeout.
     */
    (keys: OneOrMore<Key>, timeout: TimeoutInput): Outcome<PoppedScoredValues<T> | null, "write">[As]
  }

  /**
   * BZPOPMAX removes the member with the highest score of the first sorted set that has any, and waits for one; `null`
   * after the timeout.
   */
  readonly bzpopmax: {
    /**
     * BZPOPMAX removes the member with the highest score of the first sorted set that has any, and waits for one;
     * `null` after the timeout.
     */
    (keys: OneOrMore<Key>, timeout: TimeoutInput): Outcome<PoppedScoredValues<T> | null, "write">[As]
  }

  /** GEOADD adds members with their places, and returns how many are new. */
  readonly geoadd: {
    /** GEOADD adds members with their places, and returns how many are new. */
    (key: Key, members: ReadonlyArray<GeoValue<T>>, options?: GeoaddOptions | undefined): Outcome<number, "write">[As]
  }

  /**
   * ARSET stores values at an index of an array and at those that follow, and returns how many of these were empty. It
   * needs Redis 8.8.
   */
  readonly arset: {
    /**
     * ARSET stores values at an index of an array and at those that follow, and returns how many of these were empty.
     * It needs Redis 8.8.
     */
    (key: Key, index: ArrayIndex, ...values: Array<T>): Outcome<number, "write">[As]
  }

  /** ARMSET stores values at indexes of an array, and returns how many of these were empty. It needs Redis 8.8. */
  readonly armset: {
    /** ARMSET stores values at indexes of an array, and returns how many of these were empty. It needs Redis 8.8. */
    (
      key: Key,
      entries: Readonly<Record<number, T>> | Iterable<readonly [index: ArrayIndex, value: T]>
    ): Outcome<number, "write">[As]
  }

  /** ARINSERT stores values behind the last one of an array, and returns the index of the last. It needs Redis 8.8. */
  readonly arinsert: {
    /** ARINSERT stores values behind the last one of an array, and returns the index of the last. It needs Redis 8.8. */
    (key: Key, ...values: Array<T>): Outcome<number, "write">[As]
  }

  /** ARRING stores values in a ring of `size` indexes, and returns the index of the last. It needs Redis 8.8. */
  readonly arring: {
    /** ARRING stores values in a ring of `size` indexes, and returns the index of the last. It needs Redis 8.8. */
    (key: Key, size: number | bigint, ...values: Array<T>): Outcome<number, "write">[As]
  }

  /** PFADD adds elements to a HyperLogLog, and returns whether its estimate changed. */
  readonly pfadd: {
    /** PFADD adds elements to a HyperLogLog, and returns whether its estimate changed. */
    (key: Key, ...elements: Array<T>): Outcome<boolean, "write">[As]
  }
}
