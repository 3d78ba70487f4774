/**
 * Where a server of another version answers otherwise than a node in memory, which answers as Redis 7.0 does: each with
 * a reason. compare.test.ts allows these differences alone, and fails if one of them is gone.
 */

/** A reply as it is on the wire: its type, and its value. */
export type Seen = readonly [type: string, value: string | ReadonlyArray<Seen>]

/** Replies of a script that differ on some servers. */
export interface Difference {
  /** The servers, by their names in test/support/servers.ts. */
  readonly servers: ReadonlyArray<string>
  readonly script: string
  readonly lines: ReadonlyArray<string>
  readonly why: string
  /** Whether the server's reply is the one that is expected in place of the reply from memory. */
  readonly agree: (memory: Seen, real: Seen) => boolean
}

const later = ["redis-8.0", "valkey-8.1", "valkey-9.1"]
const valkey = ["valkey-8.1", "valkey-9.1"]

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/** The server gives this reply. */
const gives = (...expected: Seen) => (_: Seen, real: Seen): boolean => equal(real, expected)

/** The server's error has other words. */
const reworded =
  (...changes: ReadonlyArray<readonly [from: string | RegExp, to: string]>) => (memory: Seen, real: Seen): boolean =>
    typeof memory[1] === "string" &&
    equal([memory[0], changes.reduce((text, [from, to]) => text.replaceAll(from, to), memory[1])], real)

/** The replies have the same numbers, however they are written. */
const sameNumbers = (memory: Seen, real: Seen): boolean => {
  const read = ([type, value]: Seen): unknown =>
    typeof value === "string" ? [type, /^[-+.e\d]+$/.test(value) ? Number(value) : value] : [type, value.map(read)]
  return equal(read(memory), read(real))
}

/** The replies are dumps of the same value: but for the two bytes of the format's version, and the checksum. */
const sameDump = ([type, memory]: Seen, [otherType, real]: Seen): boolean =>
  type === otherType && memory.length > 10 && memory.slice(0, -10) === real.slice(0, -10)

/** A reply with its moments left out, and its other times in units of ten seconds. */
export const withoutTimes = ([type, value]: Seen): Seen => {
  if (typeof value === "string") return [type, type === ":" && value.length === 13 ? "a moment" : value]
  const isPending = value.length === 4 && value[2]![0] === ":" && /^\d+-\d+$/.test(String(value[0]![1]))
  return [
    type,
    value.map((item, i) => {
      const isTime = (isPending && i === 2) || ["idle", "inactive"].includes(String(value[i - 1]?.[1]))
      return isTime && item[0] === ":" ? [":", String(Math.floor(Number(item[1]) / 10_000))] : withoutTimes(item)
    })
  ]
}

/** A reply without some fields of the maps in it. */
const withoutFields = (names: ReadonlyArray<string>, [type, value]: Seen): Seen => {
  if (typeof value === "string") return [type, value]
  const items = value.map((item) => withoutFields(names, item))
  return [
    type,
    items.filter((_, i) => ![i, i - 1].some((at) => at % 2 === 0 && names.includes(String(value[at]?.[1]))))
  ]
}

/** The replies agree but for some fields, and for times. */
const without = (...names: ReadonlyArray<string>) => (memory: Seen, real: Seen): boolean =>
  equal(withoutTimes(withoutFields(names, memory)), withoutTimes(withoutFields(names, real)))

export const differences: ReadonlyArray<Difference> = [
  {
    servers: later,
    script: "streams",
    lines: ["XADD s 3-* a 5"],
    why: "since Redis 7.2 the error of an exhausted millisecond is that of a low id",
    agree: gives("-", "ERR The ID specified in XADD is equal or smaller than the target stream top item")
  },
  {
    servers: later,
    script: "streams",
    lines: ["XSETID s 1-1"],
    why: "since Redis 7.2 XSETID looks at deleted entries first",
    agree: gives("-", "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")
  },
  {
    servers: later,
    script: "streamReads",
    lines: ["XREAD STREAMS s t 0"],
    why: "since Redis 7.2 the error names the command, and later ids",
    agree: (_, [type, text]) => type === "-" && String(text).startsWith("ERR Unbalanced 'xread' list of streams: ")
  },
  {
    servers: later,
    script: "stream groups read",
    lines: ["XREADGROUP GROUP g c STREAMS s t >"],
    why: "since Redis 7.2 the error names the command",
    agree: (_, [type, text]) => type === "-" && String(text).startsWith("ERR Unbalanced 'xreadgroup' list of streams: ")
  },
  {
    servers: later,
    script: "stream groups",
    lines: ["k XINFO CONSUMERS s g"],
    why: "since Redis 7.2 there is the time since a consumer last got an entry",
    agree: without("inactive", "idle")
  },
  {
    servers: later,
    script: "stream groups wait",
    lines: ["k XINFO CONSUMERS s g"],
    why: "since Redis 7.2 there is the time since a consumer last got an entry",
    agree: without("inactive", "idle")
  },
  {
    servers: later,
    script: "stream groups wait",
    lines: ["2<", "3<"],
    why: "since Redis 7.2 XREADGROUP runs again when its key or its group is gone",
    agree: (memory, real) =>
      /^(NOGROUP the consumer group|UNBLOCKED the stream key) .*no longer exists$/.test(String(memory[1])) &&
      real[0] === "-" && /^(NOGROUP No such key '.' or consumer group 'g'|WRONGTYPE) /.test(String(real[1]))
  },
  {
    servers: later,
    script: "descriptions of streams",
    lines: [
      "t XINFO STREAM s FULL",
      "t XINFO STREAM s FULL COUNT 2",
      "t XINFO STREAM s FULL COUNT 0",
      "t XINFO CONSUMERS s g"
    ],
    why: "since Redis 7.2 there is the time at which a consumer last got an entry",
    agree: without("inactive", "active-time")
  },
  {
    servers: valkey,
    script: "descriptions of streams",
    lines: ["XINFO GROUPS s"],
    why: "Valkey does not know the lag in the middle of a stream whose first entries were deleted",
    agree: without("lag")
  },
  {
    servers: later,
    script: "lags of groups",
    lines: ["XINFO GROUPS s"],
    why: "since Redis 7.2 a read without entries makes its consumer; later servers know the lag after other deletions",
    agree: without("consumers", "entries-read", "lag")
  },
  {
    servers: later,
    script: "keys",
    lines: ["OBJECT ENCODING list"],
    why: "since Redis 7.2 a short list is a listpack",
    agree: gives("$", "listpack")
  },
  {
    servers: later,
    script: "keys",
    lines: ["OBJECT ENCODING ints"],
    why: "since Redis 7.2 a short set of texts is a listpack",
    agree: gives("$", "listpack")
  },
  {
    servers: ["valkey-9.1"],
    script: "keys",
    lines: ["OBJECT ENCODING r"],
    why: "Valkey 9.1 embeds longer strings",
    agree: gives("$", "embstr")
  },
  {
    servers: later,
    script: "dump and restore",
    lines: ["DUMP s", "DUMP e", "DUMP n"],
    why: "the format of dumps has a later version",
    agree: sameDump
  },
  {
    servers: later,
    script: "sorted sets",
    lines: ["ZRANGE f 0 -1 WITHSCORES", "ZSCORE f x"],
    why: "since Redis 7.2 scores are written with as few digits as possible",
    agree: sameNumbers
  },
  {
    servers: valkey,
    script: "transactions",
    lines: ["MULTI", "WATCH a"],
    why: "Valkey refuses all commands in one way that are not allowed in a transaction",
    agree: (_, [type, text]) =>
      type === "-" && /^ERR Command ('(multi|watch)' )?not allowed inside a transaction$/.test(String(text))
  },
  {
    servers: valkey,
    script: "transactions",
    lines: ["EXEC"],
    why: "Valkey discards a transaction with such a command",
    agree: (memory, real) =>
      equal(memory, ["*", []]) &&
      equal(real, ["-", "EXECABORT Transaction discarded because of previous errors."])
  },
  {
    servers: later,
    script: "connection",
    lines: ["CLIENT SETINFO LIB-NAME x"],
    why: "CLIENT SETINFO exists since Redis 7.2",
    agree: gives("+", "OK")
  },
  {
    servers: valkey,
    script: "connection",
    lines: ["CLIENT LIST ID x", "CLIENT KILL ID x"],
    why: "Valkey says of an id that is no number only that the syntax is wrong",
    agree: gives("-", "ERR syntax error")
  },
  {
    servers: later,
    script: "access control",
    lines: [
      "2> ACL WHOAMI",
      "2> GET other",
      "2> DEL app:1",
      "2> INCR app:1",
      "2> HGETALL other",
      "2> CONFIG GET x",
      "2> PUBLISH other m",
      "2> SUBSCRIBE other",
      "3> GET app:1",
      "3> HGETALL other"
    ],
    why: "since Redis 7.2 these errors have other words",
    agree: reworded(
      ["this user has no permissions to run", "User app has no permissions to run"],
      [
        /this user has no permissions to access one of the (key|channel)s used as arguments/g,
        "No permissions to access a $1"
      ]
    )
  },
  {
    servers: valkey,
    script: "a replica that hears nobody",
    lines: ["WAIT 1 10"],
    why: "Valkey does not name the version of Redis",
    agree: reworded(["since Redis 4.0 if a replica", "if a replica"])
  },
  {
    servers: later,
    script: "a sentinel",
    lines: ["SENTINEL CONFIG WHAT x"],
    why: "since Redis 7.2 SENTINEL CONFIG takes several parameters",
    agree: reworded([
      "GET <option> / SET <option> <value>",
      "GET <param> [<param> <param> ...] / SET <param> <value> [<param> <value> ...]"
    ])
  },
  {
    servers: valkey,
    script: "a full disk",
    lines: ["SET a 1", "INCR n"],
    why: "Valkey names itself",
    agree: reworded(["Redis is configured", "Valkey is configured"], ["the Redis logs", "the Valkey logs"])
  },
  {
    servers: valkey,
    script: "loading data",
    lines: ["GET a", "SET a 1", "PING"],
    why: "Valkey names itself",
    agree: reworded(["Redis is loading", "Valkey is loading"])
  },
  {
    servers: ["valkey-9.1"],
    script: "bytes",
    lines: ["\"GET \\\"a\\\"b\\r\\n\""],
    why: "Valkey 9.1 takes a quoted word that is not followed by a space",
    agree: gives("*", [["$-1", ""], ["$", "the-end"]])
  }
]
