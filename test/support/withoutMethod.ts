/**
 * The commands of the servers that have no method, each with its reason, and the option words that no sample uses.
 * test/commands.test.ts proves that the lists are complete, and scripts/commandTable.ts writes them into
 * docs/commands.md.
 */

/** Commands without a method, for reasons of one kind. */
export interface CommandsWithoutMethod {
  readonly title: string
  /** By name, as servers list it: why the command has no method. */
  readonly commands: Readonly<Record<string, string>>
}

const help = "its help text is for people at a terminal"
const session = "it changes the session of a connection that many callers share"
const subscription = "`subscribe` is a Stream, and subscribes again after a failover"
const transaction = "`transaction` sends it"
const replication = "only replicas send it to their primary"
const role = "the sentinels decide which node is the primary; `commands.sentinel.failover` asks them for another one"
const redirect = "it is for clients of Redis Cluster, which this library is not"
const changesCluster = "it changes a cluster; a client of sentinels has none"
const serverTest = "it is for the server's own tests"

/** The commands without a method. */
export const withoutMethod: ReadonlyArray<CommandsWithoutMethod> = [
  {
    title: "The handshake and the session of a connection",
    commands: {
      "AUTH": "the handshake sends it, with the options `username` and `password`",
      "HELLO": "the handshake sends it",
      "SELECT": "the handshake sends it, with the option `database`",
      "CLIENT SETINFO": "the handshake sends it",
      "CLIENT CAPA": "it promises the server what this client does not do: to follow redirects to another node",
      "CLIENT IMPORT-SOURCE": "it is for tools that copy data into a server in import mode",
      "RESET": session,
      "QUIT": "the client closes its connections when its Scope closes",
      "CLIENT CACHING": session,
      "CLIENT REPLY": "without a reply the client cannot tell which request the next one belongs to",
      "CLIENT TRACKING": session
    }
  },
  {
    title: "Streams of their own",
    commands: {
      "MONITOR": "`monitorStream` is a Stream, and follows the primary",
      "PSUBSCRIBE": subscription,
      "PUNSUBSCRIBE": subscription,
      "SSUBSCRIBE": subscription,
      "SUBSCRIBE": subscription,
      "SUNSUBSCRIBE": subscription,
      "UNSUBSCRIBE": subscription
    }
  },
  {
    title: "Transactions",
    commands: {
      "DISCARD": "a transaction that is not sent has no effect",
      "EXEC": transaction,
      "MULTI": transaction,
      "UNWATCH": "it is `unwatch` of a reserved connection",
      "WATCH": "it is `watch` of a reserved connection"
    }
  },
  {
    title: "Replication and the role of a node",
    commands: {
      "FAILOVER": role,
      "PSYNC": replication,
      "REPLCONF": replication,
      "REPLICAOF": role,
      "SHUTDOWN": "no reply comes, and it stops the node that the sentinels watch",
      "SLAVEOF": role,
      "SYNC": replication
    }
  },
  {
    title: "Redis Cluster",
    commands: {
      "ASKING": redirect,
      "CLUSTER ADDSLOTS": changesCluster,
      "CLUSTER ADDSLOTSRANGE": changesCluster,
      "CLUSTER BUMPEPOCH": changesCluster,
      "CLUSTER CANCELSLOTMIGRATIONS": changesCluster,
      "CLUSTER DELSLOTS": changesCluster,
      "CLUSTER DELSLOTSRANGE": changesCluster,
      "CLUSTER FAILOVER": changesCluster,
      "CLUSTER FLUSHSLOT": changesCluster,
      "CLUSTER FLUSHSLOTS": changesCluster,
      "CLUSTER FORGET": changesCluster,
      "CLUSTER MEET": changesCluster,
      "CLUSTER MIGRATESLOTS": changesCluster,
      "CLUSTER REPLICATE": changesCluster,
      "CLUSTER RESET": changesCluster,
      "CLUSTER SAVECONFIG": changesCluster,
      "CLUSTER SET-CONFIG-EPOCH": changesCluster,
      "CLUSTER SETSLOT": changesCluster,
      "CLUSTER SYNCSLOTS": "only the nodes of a cluster send it to each other",
      "READONLY": redirect,
      "READWRITE": redirect,
      "RESTORE-ASKING": "only MIGRATE sends it, in a cluster",
      "TRIMSLOTS": changesCluster
    }
  },
  {
    title: "Other names of a command that has a method",
    commands: {
      "CLUSTER SLAVES": "`clusterReplicas`",
      "SENTINEL GET-PRIMARY-ADDR-BY-NAME":
        "`commands.sentinel.getPrimaryAddrByName`, with the name that all servers know",
      "SENTINEL IS-PRIMARY-DOWN-BY-ADDR":
        "`commands.sentinel.isPrimaryDownByAddr`, with the name that all servers know",
      "SENTINEL PRIMARIES": "`commands.sentinel.primaries`, with the name that all servers know",
      "SENTINEL PRIMARY": "`commands.sentinel.primary`, with the name that all servers know",
      "SENTINEL SLAVES": "`commands.sentinel.replicas`"
    }
  },
  {
    title: "Debuggers and tests of the servers",
    commands: {
      "DEBUG": serverTest,
      "PFDEBUG": serverTest,
      "PFSELFTEST": serverTest,
      "SCRIPT DEBUG": "it is for an interactive debugger",
      "SENTINEL DEBUG": serverTest,
      "XIDMPRECORD": "servers write it into their append-only files"
    }
  },
  {
    title: "Help texts",
    commands: Object.fromEntries(
      [
        "ACL",
        "BACKUP",
        "CLIENT",
        "CLUSTER",
        "COMMAND",
        "COMMANDLOG",
        "CONFIG",
        "FUNCTION",
        "HOTKEYS",
        "LATENCY",
        "MEMORY",
        "MODULE",
        "OBJECT",
        "PUBSUB",
        "SCRIPT",
        "SENTINEL",
        "SLOWLOG",
        "XGROUP",
        "XINFO"
      ].map((container) => [`${container} HELP`, help])
    )
  }
]

/** By command: option words that no sample uses, with the reason. */
export const wordsWithoutSample: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "CLIENT KILL": {
    "PRIMARY": "the type `primary` is sent as MASTER, which all servers know",
    "SLAVE": "an old name of the type REPLICA"
  },
  "CLUSTER MIGRATION": { "IMPORT": changesCluster, "CANCEL": changesCluster }
}

const otherName = "another name of `mid`, which is sent"

/** The commands of modules without a method; docs/modules.md names them. */
export const moduleCommandsWithoutMethod: Readonly<Record<string, string>> = {
  "BF.DEBUG": serverTest,
  "CF.DEBUG": serverTest,
  "FT.CONFIG HELP": help,
  "FT.CURSOR GC": "servers remove idle cursors by themselves",
  "JSON.DEBUG HELP": help
}

const replyFormat = "it changes how values come over the wire, and only in RESP3; `get` returns values"
const otherBuckets = { "~": otherName }
const noReducer = "the documentation of Redis does not have it for groups"

/** By command: option words of modules that no sample uses, with the reason. */
export const moduleWordsWithoutSample: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "JSON.GET": { "FORMAT": replyFormat, "STRING": replyFormat, "EXPAND": replyFormat, "EXPAND1": replyFormat },
  "JSON.ARRPOP": { "FORMAT": replyFormat, "STRINGS": replyFormat, "EXPAND": replyFormat, "EXPAND1": replyFormat },
  "JSON.SET": { "FORMAT": "values are sent as JSON", "STRING": "as FORMAT", "JSON": "as FORMAT", "BSON": "as FORMAT" },
  "JSON.MERGE": {
    "FORMAT": "values are sent as JSON",
    "STRING": "as FORMAT",
    "JSON": "as FORMAT",
    "BSON": "as FORMAT"
  },
  "FT.HYBRID": {
    "EXPLAINSCORE": "the documentation of Redis does not have it yet",
    "FORMAT": replyFormat
  },
  "TS.RANGE": otherBuckets,
  "TS.REVRANGE": otherBuckets,
  "TS.MRANGE": { ...otherBuckets, "FIRST": noReducer, "LAST": noReducer, "TWA": noReducer },
  "TS.MREVRANGE": { ...otherBuckets, "FIRST": noReducer, "LAST": noReducer, "TWA": noReducer },
  "TS.NRANGE": otherBuckets,
  "TS.NREVRANGE": otherBuckets
}
