/**
 * Where a server of another version answers otherwise than a node in memory, which answers as Redis 7.0 does: each with
 * a reason. compare.test.ts allows these differences alone, and fails if one of them is gone.
 */
import { lua } from "./lua.ts"

/** A reply as it is on the wire: its type, and its value. */
export type Seen = readonly [type: string, value: string | ReadonlyArray<Seen>]

/** Replies of a script that differ on some servers. */
export interface Difference {
  /** The servers, by their names in test/support/servers.ts. */
  readonly servers: ReadonlyArray<string>
  readonly script: string
  /** The lines, or patterns of them. */
  readonly lines: ReadonlyArray<string | RegExp>
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

/** The same in all texts of a reply. */
const rewordedDeep = (...changes: ReadonlyArray<readonly [from: string | RegExp, to: string]>) => {
  const change = ([type, value]: Seen): Seen => [
    type,
    typeof value === "string"
      ? changes.reduce((text, [from, to]) => text.replaceAll(from, to), value)
      : value.map(change)
  ]
  return (memory: Seen, real: Seen): boolean => equal(change(memory), real)
}

/** The replies have the same characters, in another order. */
const sameCharacters = (memory: Seen, real: Seen): boolean =>
  equal(Array.from(JSON.stringify(memory)).sort(), Array.from(JSON.stringify(real)).sort())

/** The replies have the same numbers, however they are written. */
const sameNumbers = (memory: Seen, real: Seen): boolean => {
  const read = ([type, value]: Seen): unknown =>
    typeof value === "string" ? [type, /^[-+.e\d]+$/.test(value) ? Number(value) : value] : [type, value.map(read)]
  return equal(read(memory), read(real))
}

/** The replies are dumps of the same value: but for the two bytes of the format's version, and the checksum. */
const sameDump = ([type, memory]: Seen, [otherType, real]: Seen): boolean =>
  type === otherType && memory.length > 10 && memory.slice(0, -10) === real.slice(0, -10)

/** What later servers say of every user besides: how it treats payloads, and which databases it may use. */
const inUsers = (reply: Seen): Seen =>
  JSON.parse(
    JSON.stringify(reply)
      .replaceAll(/ (skip-)?sanitize-payload/g, "")
      .replaceAll(/,\["\$","(skip-)?sanitize-payload"\]/g, "")
      .replaceAll(",[\"$\",\"databases\"],[\"$\",\"alldbs\"]", "")
  )

/** The replies describe the same users. */
const sameUsers = (memory: Seen, real: Seen): boolean => equal(inUsers(memory), inUsers(real))

const listed = ([, value]: Seen): ReadonlyArray<unknown> => Array.from(value as ReadonlyArray<Seen>, ([, item]) => item)

/** The server's list has all of the list from memory, and more. */
const hasMore = (memory: Seen, real: Seen): boolean => {
  const all = new Set(listed(real))
  return listed(memory).every((item) => all.has(item))
}

/** The names of the fields of a record. */
const names = (record: Seen): Seen => [record[0], (record[1] as ReadonlyArray<Seen>).filter((_, i) => i % 2 === 0)]

/** The headings and the names of the fields in a text of INFO. */
export const namesInText = ([, text]: Seen): Array<string> =>
  String(text).split("\r\n").map((line) => line.split(":", 1)[0]!).filter((name) => name !== "")

/** The server's text has all names of that from memory but for two, and more. */
const hasMoreNames = (memory: Seen, real: Seen): boolean => {
  const all = new Set([...namesInText(real), "atomicvar_api", "redis_mode"])
  return namesInText(memory).every((name) => all.has(name))
}

/** The server's records have all fields of those from memory, and more. */
const hasMoreFields = ([, memory]: Seen, [, real]: Seen): boolean =>
  memory.length === real.length &&
  Array.from(memory as ReadonlyArray<Seen>).every((record, i) =>
    hasMore(names(record), names((real as ReadonlyArray<Seen>)[i]!))
  )

/** The words of a denial in Redis 7.0, and in later servers. */
const denialWords: ReadonlyArray<readonly [RegExp, string]> = [
  [/^This user/g, "User u"],
  [/access one of the (key|channel)s used as arguments/g, "access a $1"]
]

/** The server denies the same thing in other words; which user it names depends on the session. */
const sameDenial = ([type, memory]: Seen, [otherType, real]: Seen): boolean => {
  if (typeof memory !== "string" || typeof real !== "string") return false
  const plain = denialWords.reduce((text, [from, to]) => text.replaceAll(from, to), memory)
    .replace("this user has no permissions to run", "User u has no permissions to run")
    .replace("this user has no permissions to access a", "No permissions to access a")
  return type === otherType && plain === real.replace(/User \w has/, "User u has")
}

/** The replies are the same once some text is gone from the reply from memory. */
const without = (text: string) => (memory: Seen, real: Seen): boolean =>
  JSON.stringify(memory).includes(text) && equal(JSON.parse(JSON.stringify(memory).replaceAll(text, "")), real)

/** A reply with its moments left out, and its other times in units of ten seconds. */
export const withoutTimes = ([type, value]: Seen): Seen => {
  if (typeof value === "string") return [type, type === ":" && value.length === 13 ? "a moment" : value]
  const isPending = value.length === 4 && value[2]![0] === ":" && /^\d+-\d+$/.test(String(value[0]![1]))
  return [
    type,
    value.map((item, i) => {
      const isTime = (isPending && i === 2) || ["idle", "inactive"].includes(String(value[i - 1]?.[1]))
      return isTime && item[0] === ":" && item[1].length < 13
        ? [":", String(Math.floor(Number(item[1]) / 10_000))]
        : withoutTimes(item)
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
const butFor = (...names: ReadonlyArray<string>) => (memory: Seen, real: Seen): boolean =>
  equal(withoutTimes(withoutFields(names, memory)), withoutTimes(withoutFields(names, real)))

/** What Valkey says of scripts in other words. */
const valkeyWords: ReadonlyArray<readonly [from: string | RegExp, to: string]> = [
  ["Unknown Redis command", "Unknown command"],
  ["calling Redis command", "calling command"],
  ["Lua redis lib command arguments", "Command arguments"],
  ["for this redis lib call", "for this call"],
  [/redis\.(set_repl|setresp|log|acl_check_cmd|register_function)/g, "server.$1"],
  ["set_repl() requires two arguments", "set_repl() requires one argument"],
  ["Invalid debug level", "Invalid log level"],
  [" Please use EVAL.", ""]
]

const luaScripts = ["language", "errors", "syntax", "strings", "tables", "mathematics", "coroutines", "JSON", "bytes"]

/** Lines of a script about Lua. */
const linesOf = (script: string, test: RegExp): ReadonlyArray<string> =>
  lua[script]!.split("\n").filter((line) => test.test(line))

const scripting: ReadonlyArray<Difference> = [
  {
    servers: later,
    script: "Lua: scripts",
    lines: linesOf("Lua: scripts", /'echo', (1e17|-0)\)/),
    why: "later servers write integers of more digits as integers, and no negative zero",
    agree: (memory, real) => Number(memory[1]) === Number(real[1])
  },
  {
    servers: later,
    script: "Lua: scripts",
    lines: linesOf("Lua: scripts", /'xread', 'block'/),
    why: "since Redis 7.2 a script may say BLOCK, and does not wait",
    agree: (_, real) => equal(real, ["$-1", ""]) || equal(real, ["_", ""])
  },
  {
    servers: later,
    script: "Lua: refusals",
    lines: linesOf("Lua: refusals", /^2> EVAL "return redis.p?call\('(get|del|publish)','(other|app:1)'[^"]*" 0$/),
    why: "since Redis 7.2 a script is told of a denial in other words",
    agree: (memory, real) =>
      memory[0] === real[0] && String(memory[1]).startsWith("ERR The user executing the script can't ") &&
      /^ERR ACL failure in script: (No permissions|User u has no permissions) /.test(String(real[1]))
  },
  {
    servers: ["redis-8.0"],
    script: "Lua: scripts",
    lines: linesOf("Lua: scripts", /redis\.(set_repl\((1, 2)?\)|log\(-?\d, 'x'\))"/),
    why: "Redis 8 has corrected two messages",
    agree: reworded(["requires two arguments", "requires one argument"], ["debug level", "log level"])
  },
  {
    servers: valkey,
    script: "Lua: scripts",
    lines: linesOf("Lua: scripts", /^EVAL "#!(LUA|js)?\\nreturn 1" 0$/),
    why: "Valkey finds the language of a script by its name in any case",
    agree: (_, real) => equal(real, [":", "1"]) || /^ERR Could not find scripting engine '(js)?'$/.test(String(real[1]))
  },
  ...["Lua: tables", "Lua: JSON"].map((script): Difference => ({
    servers: valkey,
    script,
    lines: [/^/],
    why: "Valkey chooses the order of the keys of a table otherwise",
    agree: sameCharacters
  })),
  {
    servers: valkey,
    script: "Lua: bytes",
    lines: linesOf("Lua: bytes", /_COPYRIGHT/),
    why: "Valkey chooses the order of the keys of a table otherwise, and names another owner",
    agree: (memory, real) =>
      rewordedDeep(["Salvatore Sanfilippo", "Redis Ltd."])(
        memory,
        JSON.parse(JSON.stringify(real).replace(/(,\[\\"e\\"\]=\\"x\\")(,\[\\"d\\"\]=1\.25)/, "$2$1")) as Seen
      )
  },
  ...["Lua: coroutines", "Lua: scripts", "Lua: functions"].map((script): Difference => ({
    servers: ["valkey-8.1"],
    script,
    lines: [/^/],
    why: "Valkey does not name Redis",
    agree: rewordedDeep(...valkeyWords)
  })),
  ...[...luaScripts, "scripts", "functions", "refusals"].map((script): Difference => ({
    servers: ["valkey-9.1"],
    script: `Lua: ${script}`,
    lines: [/^/],
    why: "Valkey names itself, and does not name the script that has failed",
    agree: rewordedDeep(...valkeyWords, ["This Redis command", "This Valkey command"], [
      / script: [^,"]+, on /g,
      " script: on "
    ])
  })),
  {
    servers: valkey,
    script: "Lua: functions",
    lines: linesOf("Lua: functions", /register_function\('(a-b)?', function|\('a', function\(\) end\) redis/),
    why: "Valkey checks the names of functions after their code has run",
    agree: reworded(["Error registering functions: ERR ", ""], ["Library names", "Function names"])
  },
  {
    servers: later,
    script: "Lua: functions",
    lines: ["FUNCTION DUMP"],
    why: "the format of dumps has a later version",
    agree: (memory, real) => memory[0] === real[0] && real[1].length === memory[1].length
  }
]

export const differences: ReadonlyArray<Difference> = [
  ...scripting,
  {
    servers: later,
    script: "rules of users",
    lines: ["ACL LIST"],
    why: "since Redis 7.2 the user default has the flag sanitize-payload, which Valkey 9.1 has no more",
    agree: sameUsers
  },
  {
    servers: ["valkey-9.1"],
    script: "rules of users",
    lines: ["ACL GETUSER u"],
    why: "Valkey 9.1 has rules on databases, and no flag sanitize-payload",
    agree: sameUsers
  },
  {
    servers: later,
    script: "users",
    lines: ["ACL GETUSER default", "ACL GETUSER a"],
    why: "since Redis 7.2 every user has the flag sanitize-payload, Valkey 9.1 has databases in place of it",
    agree: sameUsers
  },
  {
    servers: ["redis-8.0", "valkey-8.1"],
    script: "users",
    lines: ["ACL LIST"],
    why: "since Redis 7.2 every user has the flag sanitize-payload",
    agree: sameUsers
  },
  {
    servers: later,
    script: "users",
    lines: ["~ ACL CAT connection", "~ ACL CAT blocking"],
    why: "later servers have more commands",
    agree: hasMore
  },
  {
    servers: ["redis-8.0", "valkey-9.1"],
    script: "users",
    lines: ["~ ACL CAT hash"],
    why: "later servers have more commands",
    agree: hasMore
  },
  {
    servers: valkey,
    script: "users",
    lines: ["~ ACL CAT scripting", "~ ACL CAT admin", "~ ACL CAT dangerous"],
    why: "Valkey has more commands",
    agree: hasMore
  },
  {
    servers: ["valkey-9.1"],
    script: "users",
    lines: ["~ ACL CAT string", "~ ACL CAT keyspace"],
    why: "Valkey 9.1 has more commands",
    agree: hasMore
  },
  {
    servers: valkey,
    script: "users",
    lines: ["ACL LOAD", "ACL SAVE"],
    why: "Valkey does not name itself",
    agree: reworded(["This Redis instance", "This instance"], ["a Redis configuration", "a configuration"], [
      "the Redis configuration",
      "the configuration"
    ])
  },
  {
    servers: later,
    script: "what users may do",
    lines: [/^ACL DRYRUN/, /^2> /],
    why: "since Redis 7.2 these errors have other words",
    agree: sameDenial
  },
  {
    servers: later,
    script: "the log of what was denied",
    lines: ["k ACL LOG", "k ACL LOG 2"],
    why: "since Redis 7.2 entries have a number and times",
    agree: hasMoreFields
  },
  {
    servers: later,
    script: "the log of what was denied",
    lines: [/^2> /],
    why: "since Redis 7.2 these errors have other words",
    agree: sameDenial
  },
  {
    servers: later,
    script: "what a server says of itself",
    lines: [/^i INFO/],
    why: "later servers say more, and Valkey has other names for two fields",
    agree: hasMoreNames
  },
  {
    servers: later,
    script: "configuration",
    lines: ["CONFIG SET loglevel loud"],
    why: "later servers have one more level",
    agree: reworded(["notice, warning", "notice, warning, nothing"])
  },
  {
    servers: later,
    script: "configuration",
    lines: ["ACL GETUSER default"],
    why: "since Redis 7.2 the user default has the flag sanitize-payload, Valkey 9.1 has databases in place of it",
    agree: sameUsers
  },
  {
    servers: valkey,
    script: "connections",
    lines: ["CLIENT PAUSE 1 ALL x"],
    why: "Valkey ignores the last word",
    agree: gives("+", "OK")
  },
  {
    servers: valkey,
    script: "connections",
    lines: ["CLIENT LIST ID 0", "CLIENT LIST ID -5"],
    why: "Valkey refuses ids that no connection can have",
    agree: gives("-", "ERR client-id should be greater than 0")
  },
  {
    servers: valkey,
    script: "connections",
    lines: ["CLIENT LIST ID 1 x"],
    why: "Valkey says of an id that is no number only that the syntax is wrong",
    agree: gives("-", "ERR syntax error")
  },
  {
    servers: ["redis-7.0"],
    script: "rules of users",
    lines: ["ACL GETUSER u", "ACL LIST"],
    why: "Redis 7.0 makes the rules of what the user may do, and drops those without effect",
    agree: without(" -config|set")
  },
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
    agree: butFor("inactive", "idle")
  },
  {
    servers: later,
    script: "stream groups wait",
    lines: ["k XINFO CONSUMERS s g"],
    why: "since Redis 7.2 there is the time since a consumer last got an entry",
    agree: butFor("inactive", "idle")
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
    agree: butFor("inactive", "active-time")
  },
  {
    servers: valkey,
    script: "descriptions of streams",
    lines: ["XINFO GROUPS s"],
    why: "Valkey does not know the lag in the middle of a stream whose first entries were deleted",
    agree: butFor("lag")
  },
  {
    servers: later,
    script: "lags of groups",
    lines: ["XINFO GROUPS s"],
    why: "since Redis 7.2 a read without entries makes its consumer; later servers know the lag after other deletions",
    agree: butFor("consumers", "entries-read", "lag")
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
    script: "odd arguments",
    lines: ["GETEX missing EX 100 EX -2"],
    why: "Valkey 9.1 looks at the time before it looks at the key",
    agree: gives("-", "ERR invalid expire time in 'getex' command")
  },
  {
    servers: ["redis-8.0", "valkey-9.1"],
    script: "sorting",
    lines: ["SORT f", "SORT f DESC", "SORT space"],
    why: "later servers take no number in hexadecimal, and none with spaces in front",
    agree: gives("-", "ERR One or more scores can't be converted into double")
  },
  {
    servers: ["valkey-9.1"],
    script: "sorting",
    lines: ["SORT empty"],
    why: "to Valkey 9.1 an empty text is no number",
    agree: gives("-", "ERR One or more scores can't be converted into double")
  },
  {
    servers: ["redis-8.0"],
    script: "places",
    lines: [
      "GEOPOS g Palermo Catania missing New corner other-corner",
      "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHCOORD WITHDIST WITHHASH",
      "GEORADIUS g 15 37 200 km WITHDIST WITHCOORD WITHHASH ASC COUNT 2"
    ],
    why: "Redis 8.0 writes coordinates with as few digits as possible",
    agree: sameNumbers
  },
  {
    servers: valkey,
    script: "bitmaps",
    lines: ["BITCOUNT s 0"],
    why: "since Valkey 8.0 BITCOUNT takes a start without an end",
    agree: gives(":", "26")
  },
  {
    servers: ["valkey-9.1"],
    script: "places",
    lines: [
      "GEOSEARCH g FROMLONLAT 15 37 ASC WITHDIST WITHHASH",
      "GEOSEARCH g FROMMEMBER missing BYBOX 1 1 km",
      "GEORADIUSBYMEMBER g missing 200 km"
    ],
    why: "Valkey 9.0 names BYPOLYGON, and the member that does not exist",
    agree: reworded(
      ["BYRADIUS and BYBOX", "BYRADIUS, BYBOX and BYPOLYGON"],
      ["could not decode requested zset member", "member missing does not exist"]
    )
  },
  {
    servers: ["valkey-9.1"],
    script: "polygons",
    lines: ["GEOSEARCH g FROMLONLAT 13 38 ASC WITHDIST"],
    why: "Valkey 9.0 names BYPOLYGON",
    agree: reworded(["BYRADIUS and BYBOX", "BYRADIUS, BYBOX and BYPOLYGON"])
  },
  {
    servers: ["redis-8.0"],
    script: "vectors",
    lines: ["VSIM v ELE a EF 1000001", "VADD v REDUCE 5 VALUES 3 1 2 3 a"],
    why: "later servers limit EF, and refuse to reduce vectors to more dimensions than they have",
    agree: (_, [type, value]) =>
      type === "*" || value === "ERR cannot add projection to existing set without projection"
  },
  {
    servers: ["valkey-9.1"],
    script: "bytes",
    lines: ["\"GET \\\"a\\\"b\\r\\n\""],
    why: "Valkey 9.1 takes a quoted word that is not followed by a space",
    agree: gives("*", [["$-1", ""], ["$", "the-end"]])
  }
]

const isNumber = (value: unknown): value is string => typeof value === "string" && /^[-+.e\d]+$/.test(value)

/** The replies have the same numbers, but for 17 places behind the point. */
const nearNumbers = ([type, memory]: Seen, [otherType, real]: Seen): boolean =>
  type === otherType && (typeof memory === "string" || typeof real === "string"
    ? memory === real || isNumber(memory) && isNumber(real) &&
        Math.abs(Number(memory) - Number(real)) <= 1e-15 * Math.max(1, Math.abs(Number(real)))
    : memory.length === real.length && memory.every((item, i) => nearNumbers(item, real[i]!)))

/** A kind of difference in generated calls. */
export interface GeneratedDifference {
  /** The servers, by their names in test/support/servers.ts. */
  readonly servers: ReadonlyArray<string>
  /** The commands, by a part of the call. */
  readonly calls: RegExp
  readonly why: string
  /** Whether few generated calls meet it, so that none of a short run may. */
  readonly isRare?: boolean
  /** Whether the server's reply is the one that is expected in place of the reply from memory. */
  readonly agree: (memory: Seen, real: Seen) => boolean
}

const isError = ([type]: Seen): boolean => type === "-"

/** Where servers of other versions answer generated calls otherwise than a node in memory. */
export const generatedDifferences: ReadonlyArray<GeneratedDifference> = [
  {
    servers: ["redis-7.0", ...later],
    calls: /^Z(UNION|INTER)(STORE)? .* AGGREGATE COUNT/is,
    why: "AGGREGATE COUNT exists since Redis 8.8, and on a node in memory",
    isRare: true,
    agree: (memory, real) => !isError(memory) && equal(real, ["-", "ERR syntax error"])
  },
  {
    servers: later,
    calls: /^(Z|BZ|GEO)/i,
    why: "since Redis 7.2 scores and coordinates are written with as few digits as possible",
    agree: nearNumbers
  },
  {
    servers: ["redis-7.0"],
    calls: /^(Z|GEO)/i,
    why: "the last digits of a distance depend on the library of functions",
    isRare: true,
    agree: nearNumbers
  },
  {
    servers: later,
    calls: /^XINFO/i,
    why: "since Redis 7.2 every read and claim makes its consumer, and lags are computed in another way",
    agree: butFor("consumers", "entries-read", "lag", "inactive", "active-time")
  },
  {
    servers: later,
    calls: /^XGROUP CREATECONSUMER/i,
    why: "since Redis 7.2 every read and claim makes its consumer",
    isRare: true,
    agree: (memory, real) => equal(memory, [":", "1"]) && equal(real, [":", "0"])
  },
  {
    servers: later,
    calls: /^XREAD/i,
    why: "since Redis 7.2 the error of unequal lists names the command, and the end of a wait has to be a time",
    agree: (memory, real) =>
      equal(real, ["-", "ERR timeout is out of range"]) ||
      (String(memory[1]).startsWith("ERR Unbalanced XREAD list") && String(real[1]).startsWith("ERR Unbalanced 'xread"))
  },
  {
    servers: valkey,
    calls: /^SCAN /i,
    why: "Valkey refuses types that do not exist",
    agree: (_, real) => isError(real) && String(real[1]).startsWith("ERR unknown type name")
  },
  {
    servers: ["valkey-9.1"],
    calls: /^Z(REV)?RANGE(BYLEX)? .* LIMIT -/is,
    why: "Valkey 9.1 reads a negative offset as 0 in some ranges by name",
    isRare: true,
    agree: (memory, real) => equal(memory, ["*", []]) && real[0] === "*"
  },
  {
    servers: ["valkey-9.1"],
    calls: /^GETEX /i,
    why: "Valkey 9.1 checks the expiry before it looks for the key",
    isRare: true,
    agree: (memory, real) =>
      (memory[1] === "" || String(memory[1]).startsWith("WRONGTYPE")) &&
      equal(real, ["-", "ERR invalid expire time in 'getex' command"])
  },
  {
    servers: ["valkey-9.1"],
    calls: /^GEO/i,
    why: "Valkey 9.1 says which member is missing",
    agree: (memory, real) =>
      equal(memory, ["-", "ERR could not decode requested zset member"]) &&
      /^ERR member .* does not exist$/s.test(String(real[1]))
  }
]
