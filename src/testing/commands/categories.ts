/**
 * What Redis 7.0 says of its commands for access control: the categories of each command
 * and subcommand, and how commands use their keys. The rules are in Acl.ts.
 */

/** The commands, with their subcommands, by the categories that they are in. */
const byCategories: ReadonlyArray<readonly [categories: string, commands: string]> = [
  [
    "admin connection dangerous slow",
    "client|kill client|list client|no-evict client|pause client|unblock client|unpause"
  ],
  ["admin dangerous fast", "lastsave role"],
  ["admin dangerous hyperloglog slow", "pfselftest"],
  ["admin dangerous hyperloglog slow write", "pfdebug"],
  [
    "admin dangerous slow",
    "acl|deluser acl|dryrun acl|getuser acl|list acl|load acl|log acl|save acl|setuser acl|users " +
    "bgrewriteaof bgsave cluster|addslots cluster|addslotsrange cluster|bumpepoch " +
    "cluster|count-failure-reports cluster|delslots cluster|delslotsrange cluster|failover " +
    "cluster|flushslots cluster|forget cluster|meet cluster|replicas cluster|replicate cluster|reset " +
    "cluster|saveconfig cluster|set-config-epoch cluster|setslot cluster|slaves config|get " +
    "config|resetstat config|rewrite config|set debug failover latency|doctor latency|graph " +
    "latency|histogram latency|history latency|latest latency|reset module|list module|load module|loadex " +
    "module|unload monitor psync replconf replicaof save shutdown slaveof slowlog|get slowlog|len " +
    "slowlog|reset sync"
  ],
  ["bitmap fast read", "bitfield_ro getbit"],
  ["bitmap read slow", "bitcount bitpos"],
  ["bitmap slow write", "bitfield bitop setbit"],
  ["blocking fast sortedset write", "bzpopmax bzpopmin"],
  ["blocking list slow write", "blmove blmpop blpop brpop brpoplpush"],
  ["blocking read slow stream", "xread"],
  ["blocking slow sortedset write", "bzmpop"],
  ["blocking slow stream write", "xreadgroup"],
  ["connection fast", "asking auth echo hello ping quit readonly readwrite reset select"],
  [
    "connection slow",
    "client|caching client|getname client|getredir client|help client|id client|info client|reply " +
    "client|setname client|tracking client|trackinginfo command|count command|docs command|getkeys " +
    "command|getkeysandflags command|help command|info command|list wait"
  ],
  ["dangerous fast keyspace write", "swapdb"],
  ["dangerous keyspace read slow", "keys"],
  ["dangerous keyspace slow write", "flushall flushdb migrate restore restore-asking"],
  ["dangerous list read set slow sortedset", "sort_ro"],
  ["dangerous list set slow sortedset write", "sort"],
  ["dangerous slow", "info"],
  ["fast", "time"],
  ["fast hash read", "hexists hget hlen hmget hstrlen"],
  ["fast hash write", "hdel hincrby hincrbyfloat hmset hset hsetnx"],
  ["fast hyperloglog write", "pfadd"],
  ["fast keyspace read", "dbsize exists expiretime pexpiretime pttl touch ttl type"],
  ["fast keyspace write", "expire expireat move persist pexpire pexpireat renamenx unlink"],
  ["fast list read", "llen"],
  ["fast list write", "lpop lpush lpushx rpop rpush rpushx"],
  ["fast pubsub", "publish spublish"],
  ["fast read", "lolwut"],
  ["fast read set", "scard sismember smismember"],
  ["fast read sortedset", "zcard zcount zlexcount zmscore zrank zrevrank zscore"],
  ["fast read stream", "xlen"],
  ["fast read string", "get mget strlen"],
  ["fast set write", "sadd smove spop srem"],
  ["fast sortedset write", "zadd zincrby zpopmax zpopmin zrem"],
  ["fast stream write", "xack xadd xautoclaim xclaim xdel xsetid"],
  ["fast string write", "append decr decrby getdel getex getset incr incrby incrbyfloat setnx"],
  ["fast transaction", "discard multi unwatch watch"],
  ["geo read slow", "geodist geohash geopos georadius_ro georadiusbymember_ro geosearch"],
  ["geo slow write", "geoadd georadius georadiusbymember geosearchstore"],
  ["hash read slow", "hgetall hkeys hrandfield hscan hvals"],
  ["hyperloglog read slow", "pfcount"],
  ["hyperloglog slow write", "pfmerge"],
  ["keyspace read slow", "dump object|encoding object|freq object|idletime object|refcount randomkey scan"],
  ["keyspace slow", "object|help"],
  ["keyspace slow write", "copy del rename"],
  ["list read slow", "lindex lpos lrange"],
  ["list slow write", "linsert lmove lmpop lrem lset ltrim rpoplpush"],
  [
    "pubsub slow",
    "psubscribe pubsub|channels pubsub|numpat pubsub|numsub pubsub|shardchannels pubsub|shardnumsub " +
    "punsubscribe ssubscribe subscribe sunsubscribe unsubscribe"
  ],
  ["read set slow", "sdiff sinter sintercard smembers srandmember sscan sunion"],
  ["read slow", "memory|usage"],
  [
    "read slow sortedset",
    "zdiff zinter zintercard zrandmember zrange zrangebylex zrangebyscore zrevrange zrevrangebylex " +
    "zrevrangebyscore zscan zunion"
  ],
  ["read slow stream", "xinfo|consumers xinfo|groups xinfo|stream xpending xrange xrevrange"],
  ["read slow string", "getrange lcs substr"],
  [
    "scripting slow",
    "eval eval_ro evalsha evalsha_ro fcall fcall_ro function|dump function|help function|kill " +
    "function|list function|stats script|debug script|exists script|flush script|help script|kill " +
    "script|load"
  ],
  ["scripting slow write", "function|delete function|flush function|load function|restore"],
  ["set slow write", "sdiffstore sinterstore sunionstore"],
  [
    "slow",
    "acl|cat acl|genpass acl|help acl|whoami cluster|countkeysinslot cluster|getkeysinslot cluster|help " +
    "cluster|info cluster|keyslot cluster|links cluster|myid cluster|nodes cluster|shards cluster|slots " +
    "config|help latency|help memory|doctor memory|help memory|malloc-stats memory|purge memory|stats " +
    "module|help pubsub|help slowlog|help"
  ],
  [
    "slow sortedset write",
    "zdiffstore zinterstore zmpop zrangestore zremrangebylex zremrangebyrank zremrangebyscore zunionstore"
  ],
  ["slow stream", "xgroup|help xinfo|help"],
  ["slow stream write", "xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|destroy xgroup|setid xtrim"],
  ["slow string write", "mset msetnx psetex set setex setrange"],
  ["slow transaction", "exec"]
]

/** Which keys a command only writes or only reads: of each key, the last entry for all further ones; empty for neither. */
const byAccess: ReadonlyArray<readonly [access: string, commands: string]> = [
  [
    "w",
    "append del expire expireat geoadd hdel hmset hset hsetnx linsert lpush lpushx lrem lset ltrim mset msetnx " +
    "persist pexpire pexpireat pfadd psetex restore rpush rpushx sadd setex setnx setrange srem unlink xack xadd " +
    "xautoclaim xclaim xdel xgroup xsetid xtrim zadd zrem zremrangebylex zremrangebyrank zremrangebyscore"
  ],
  ["w r", "bitop geosearchstore sdiffstore sinterstore sunionstore zdiffstore zinterstore zrangestore zunionstore"],
  ["rw w", "blmove brpoplpush lmove rename renamenx rpoplpush smove"],
  ["r w", "copy"],
  ["-", "exists hexists hlen hstrlen llen object scard sismember strlen touch type watch xlen zcard"],
  ["r", "xreadgroup"],
  ["rw r", "pfmerge"],
  ["r r w", "sort"]
]

const words = (text: string): ReadonlyArray<string> => text.split(" ")

const categoriesOf = new Map(
  byCategories.flatMap(([categories, commands]) =>
    words(commands).map((command) => [command, new Set(words(categories))] as const)
  )
)

const accessOf = new Map(
  byAccess.flatMap(([access, commands]) => words(commands).map((command) => [command, words(access)] as const))
)

/** The commands that have subcommands. */
const containers: ReadonlySet<string> = new Set(
  Array.from(categoriesOf.keys()).flatMap((name) => name.includes("|") ? [name.slice(0, name.indexOf("|"))] : [])
)
for (const name of containers) categoriesOf.set(name, new Set(name === "command" ? ["connection", "slow"] : ["slow"]))

/** The names of all categories. */
export const categories: ReadonlyArray<string> = words(
  "keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow blocking " +
    "dangerous connection transaction scripting"
)

/** The categories of a command or subcommand of Redis 7.0; undefined for others. */
export const knownCategories = (name: string): ReadonlySet<string> | undefined => categoriesOf.get(name)

/** Whether a command of Redis 7.0 has subcommands. */
export const isContainer = (name: string): boolean => containers.has(name)

/** The commands and subcommands of Redis 7.0 in a category. */
export const commandsIn = (category: string): ReadonlyArray<string> =>
  Array.from(categoriesOf).filter(([, categories]) => categories.has(category)).map(([name]) => name)

/** Whether a command reads and writes its key of that number. */
export const keyAccess = (
  name: string,
  args: ReadonlyArray<string>,
  writes: boolean,
  index: number
): { readonly reads: boolean; readonly writes: boolean } => {
  if (name === "set") return { reads: args.slice(3).some((arg) => arg.toLowerCase() === "get"), writes: true }
  const access = accessOf.get(name)
  if (access === undefined) return { reads: true, writes }
  const text = access[Math.min(index, access.length - 1)]!
  return { reads: text.includes("r"), writes: text.includes("w") }
}
