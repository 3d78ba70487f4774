/**
 * Scripts of the commands on users, connections and the configuration, in the form that scripts.ts describes, which runs
 * them.
 */

/** Rules that one user is given, each after a reset, and what ACL GETUSER then says of it. */
const rules = [
  "on",
  "on nopass",
  "on nopass off",
  ">a >b",
  ">a >a",
  ">a nopass",
  "nopass >a",
  "nopass resetpass",
  ">a <a",
  "<a",
  "#2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
  "#2BB80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
  "#2bb8",
  ">secret !2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
  "!2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
  "!x",
  "~a ~b",
  "~a ~a",
  "~*",
  "allkeys",
  "~* ~a",
  "~a ~* ",
  "~* resetkeys ~a",
  "%R~a",
  "%W~a",
  "%RW~a",
  "%WR~a",
  "%r~a %w~a",
  "%R~a %W~b ~c",
  "%RR~a",
  "%X~a",
  "%a",
  "\"~a b\"",
  "&a &b",
  "&a &a",
  "&*",
  "allchannels",
  "allchannels &a",
  "allchannels resetchannels &a",
  "\"&a b\"",
  "+@all",
  "allcommands",
  "+@all -@all",
  "nocommands",
  "+get",
  "+GET",
  "+client|id",
  "+client|id +client",
  "+config|get +config|set -config|set",
  "+what",
  "+@what",
  "-what",
  "-@what",
  "+client|what",
  "-get|x",
  "+get|",
  "+|get",
  "+",
  "-",
  "+@",
  "+@geo",
  "+@all -@dangerous",
  "+@all -config",
  "\"(+get ~a)\"",
  "\"(+get ~a)\" \"(+set &b)\"",
  "(+get ~a)",
  "(+get ~a",
  "( +get ~a )",
  "()",
  "\"(on)\"",
  "\"(>x)\"",
  "\"(+what)\"",
  "\"(+get ~a)\" clearselectors",
  "\"(+get ~a)\" reset",
  "sanitize-payload",
  "skip-sanitize-payload",
  "skip-sanitize-payload sanitize-payload",
  "ON NOPASS ALLKEYS",
  "what",
  "\"\""
]

/** Requests whose access to keys the server judges by what they do with each of them. */
const accesses = [
  "GET r:1",
  "GET w:1",
  "GET b:1",
  "GET none",
  "SET r:1 x",
  "SET w:1 x",
  "SET b:1 x",
  "SET w:1 x GET",
  "SET b:1 x GET",
  "INCR w:n",
  "INCR b:n",
  "APPEND w:1 y",
  "DEL w:1",
  "DEL r:1",
  "EXISTS r:1",
  "EXISTS w:1",
  "EXISTS none",
  "STRLEN w:1",
  "TYPE w:1",
  "TTL w:1",
  "EXPIRE w:1 10",
  "EXPIRE r:1 10",
  "PERSIST w:1",
  "MGET r:1 b:1",
  "MGET r:1 w:1",
  "MSET w:1 x b:1 y",
  "MSET w:1 x r:1 y",
  "COPY r:1 w:1",
  "COPY w:1 r:1",
  "RENAME b:1 w:1",
  "RENAME w:1 b:1",
  "LPUSH w:l a",
  "LPOP w:l",
  "LMOVE w:l b:l LEFT LEFT",
  "LMOVE b:l w:l LEFT LEFT",
  "SUNIONSTORE w:s r:s r:t",
  "SUNIONSTORE r:s w:s",
  "SUNIONSTORE w:s r:s w:t",
  "ZUNIONSTORE w:z 2 r:z b:z",
  "ZUNIONSTORE w:z 2 r:z w:z",
  "PFADD w:p a",
  "PFCOUNT w:p",
  "BITOP AND w:b r:b b:b",
  "BITOP AND w:b w:b",
  "HSET w:h a 1",
  "HGET w:h a",
  "GETDEL w:1",
  "GETDEL b:1",
  "OBJECT ENCODING w:1",
  "XADD w:x * a 1",
  "XLEN w:x",
  "XRANGE w:x - +",
  "PUBLISH news x",
  "PUBLISH news:1 x",
  "PUBLISH other x"
]

export const acl: Readonly<Record<string, string>> = {
  "rules of users": [
    ...rules.flatMap((rule) => ["ACL SETUSER u reset", `ACL SETUSER u ${rule}`, "ACL GETUSER u", "ACL LIST"]),
    "ACL DELUSER u u none"
  ].join("\n"),

  "users": `
ACL USERS
ACL LIST
ACL WHOAMI
ACL GETUSER default
ACL GETUSER none
ACL GETUSER
ACL GETUSER a b
ACL SETUSER
ACL SETUSER "a b" on
ACL SETUSER "" on
ACL SETUSER b
ACL SETUSER a on nopass +@all ~*
ACL SETUSER B
ACL USERS
ACL LIST
ACL SETUSER a off what
ACL GETUSER a
ACL USERS x
ACL LIST x
ACL WHOAMI x
ACL DELUSER
ACL DELUSER none
ACL DELUSER a default B
ACL USERS
ACL DELUSER B b
ACL LOAD
ACL SAVE
ACL LOAD x
ACL SAVE x
? ACL GENPASS
? ACL GENPASS 5
ACL GENPASS 0
ACL GENPASS -1
ACL GENPASS 4097
ACL GENPASS x
ACL GENPASS 1 2
ACL WHAT
ACL
~ ACL CAT
~ ACL CAT geo
~ ACL CAT HyperLogLog
~ ACL CAT bitmap
~ ACL CAT pubsub
~ ACL CAT transaction
~ ACL CAT scripting
~ ACL CAT stream
~ ACL CAT admin
~ ACL CAT connection
~ ACL CAT blocking
~ ACL CAT dangerous
~ ACL CAT set
~ ACL CAT hash
~ ACL CAT string
~ ACL CAT list
~ ACL CAT sortedset
~ ACL CAT keyspace
ACL CAT all
ACL CAT what
ACL CAT a b`,

  "what users may do": `
ACL SETUSER u on nopass ~b:* %R~r:* %W~w:* &news &news:* +@all -@admin -flushall
${accesses.map((line) => `ACL DRYRUN u ${line}`).join("\n")}
ACL DRYRUN u FLUSHALL
ACL DRYRUN u CONFIG GET x
ACL DRYRUN u CLIENT ID
ACL DRYRUN u CLIENT KILL ID 1
ACL DRYRUN u CLIENT
ACL DRYRUN u CLIENT WHAT
ACL DRYRUN u WHAT
ACL DRYRUN u GET
ACL DRYRUN u GET a b
ACL DRYRUN none GET a
ACL DRYRUN u
ACL DRYRUN
ACL DRYRUN u PSUBSCRIBE news:*
ACL DRYRUN u PSUBSCRIBE news*
ACL DRYRUN u SUBSCRIBE news:1 other
ACL DRYRUN default FLUSHALL
RPUSH b:l a b c
SADD r:s a
SET r:1 x
2> AUTH u x
${accesses.map((line) => /X(ADD|RANGE)|OBJECT/.test(line) ? "2> PING" : `2> ${line}`).join("\n")}
2> FLUSHALL
2> CONFIG GET x
2> CLIENT GETNAME
2> CLIENT KILL ID 1
2> ACL WHOAMI
ACL SETUSER v on nopass ~a:* +get "(~b:* +set)" "(~c:* +get +set)"
2> AUTH v x
2> GET a:1
2> SET a:1 x
2> SET b:1 x
2> GET b:1
2> GET c:1
2> SET c:1 x
2> GET d:1
2> DEL a:1
2> PING
ACL DRYRUN v GET b:1
ACL DRYRUN v SET a:1 x
ACL DRYRUN v DEL a:1
ACL SETUSER v +client|getname +select|0
2> CLIENT GETNAME
2> CLIENT ID
2> SELECT 0
2> SELECT 1
ACL SETUSER v +@all -client|getname
2> CLIENT GETNAME
ACL DELUSER u v
2<`,

  "AUTH in the middle of a session": `
ACL SETUSER u on >one ~* &* +@all
ACL SETUSER v on >two ~* &* -@all +auth +ping
2> AUTH u one
2> SELECT 3
2> SET k v
ACL SETUSER u >two <one
2> GET k
2> AUTH u wrong
2> GET k
2> AUTH u one
2> ACL WHOAMI
2> AUTH u two
2> GET k
2> MULTI
2> AUTH u two
2> SET k w
2> EXEC
2> AUTH v two
2> PING
2> AUTH u two
2> SUBSCRIBE ch
2> AUTH u two
2> PING`,

  "the log of what was denied": `
ACL LOG
ACL LOG RESET
ACL SETUSER u on >pw ~a:* &c +@all -set
2> AUTH u wrong
2> AUTH u wrong
2> HELLO 3 AUTH nobody x
k ACL LOG
2> AUTH u pw
2> SET a:1 x
2> SET a:1 x
2> GET b:1
2> PUBLISH d x
2> MULTI
2> GET b:1
2> DISCARD
k ACL LOG
k ACL LOG 2
ACL LOG 0
ACL LOG -5
ACL LOG x
ACL LOG 1 2
ACL LOG RESET
ACL LOG
ACL DELUSER u
2<`,

  "configuration": `
CONFIG GET timeout
CONFIG GET TIMEOUT
CONFIG GET none
~ CONFIG GET maxmemory maxmemory-p*
~ CONFIG GET timeout maxclients timeout
~ CONFIG GET *-priority
CONFIG GET slave-priority
CONFIG GET lua-time-limit
CONFIG GET
CONFIG SET timeout 5
CONFIG GET timeout
CONFIG SET TIMEOUT 6
CONFIG GET timeout
CONFIG SET timeout
CONFIG SET
CONFIG SET timeout 1 hz
CONFIG SET none 1
CONFIG SET timeout 7 none 1
CONFIG GET timeout
CONFIG SET timeout 7 timeout 8
CONFIG SET timeout 7 maxmemory x
CONFIG GET timeout
CONFIG SET timeout 7 maxmemory 2mb
~ CONFIG GET timeout maxmemory
${
    [
      "timeout -1",
      "timeout x",
      "timeout 1.5",
      "timeout \"\"",
      "timeout 2147483648",
      "timeout 99999999999999999999",
      "maxmemory 1k",
      "maxmemory 1KB",
      "maxmemory 1m",
      "maxmemory 1Gb",
      "maxmemory 10b",
      "maxmemory 1x",
      "maxmemory -1",
      "maxmemory 1.5mb",
      "maxmemory \"\"",
      "maxmemory 0",
      "maxclients 0",
      "maxclients x",
      "maxclients 500",
      "appendonly maybe",
      "appendonly NO",
      "appendonly 1",
      "maxmemory-policy what",
      "maxmemory-policy ALLKEYS-LRU",
      "maxmemory-policy noeviction",
      "maxmemory-samples x",
      "maxmemory-samples 10",
      "appendfsync sometimes",
      "appendfsync always",
      "loglevel debug",
      "loglevel loud",
      "databases 5",
      "io-threads-do-reads-not 1",
      "cluster-enabled yes",
      "aclfile x",
      "hz 0",
      "hz 50",
      "hz 1000",
      "slowlog-log-slower-than -1",
      "slowlog-log-slower-than -2",
      "slowlog-max-len 0",
      "lfu-log-factor 0",
      "lfu-decay-time -1",
      "list-max-listpack-size -5",
      "list-max-ziplist-size 8",
      "hash-max-listpack-value 10",
      "hash-max-listpack-entries 10",
      "set-max-intset-entries 10",
      "zset-max-listpack-entries 10",
      "replica-priority 7",
      "slave-priority 8",
      "replica-read-only maybe",
      "min-replicas-max-lag 11",
      "repl-timeout 0",
      "repl-backlog-size 2mb",
      "repl-backlog-size 0",
      "tcp-keepalive 60",
      "save \"3600 1 300 100\"",
      "save \"x y\"",
      "save \"3600\"",
      "save \"\"",
      "notify-keyspace-events KEA",
      "notify-keyspace-events Kg$",
      "notify-keyspace-events xe",
      "notify-keyspace-events zz!",
      "notify-keyspace-events \"\"",
      "masterauth secret",
      "masterauth \"\"",
      "masteruser someone",
      "acl-pubsub-default allchannels",
      "acl-pubsub-default resetchannels",
      "acl-pubsub-default no",
      "busy-reply-threshold 100",
      "lua-time-limit 200",
      "latency-tracking no",
      "stop-writes-on-bgsave-error no",
      "proto-max-bulk-len 1mb",
      "proto-max-bulk-len 1"
    ].flatMap((line) => [`CONFIG SET ${line}`, `CONFIG GET ${line.split(" ", 1)[0]}`]).join("\n")
  }
CONFIG SET requirepass pw
CONFIG GET requirepass
2> PING
2> AUTH wrong
2> AUTH pw
2> PING
ACL GETUSER default
CONFIG SET requirepass ""
3> PING
CONFIG GET requirepass
CONFIG RESETSTAT
CONFIG RESETSTAT x
CONFIG REWRITE
CONFIG REWRITE x
CONFIG WHAT
CONFIG`,

  "what a server says of itself": `
SET a 1
SET b 2 EX 100
SELECT 3
SET c 1
GET none
LPUSH c x
WHAT
i INFO
i INFO server
i INFO SERVER
i INFO clients
i INFO memory
i INFO persistence
i INFO stats
i INFO replication
i INFO cpu
i INFO cluster
i INFO keyspace
i INFO modules
i INFO errorstats
i INFO commandstats
i INFO latencystats
i INFO none
i INFO server keyspace none
i INFO default
i INFO all
i INFO everything
CONFIG RESETSTAT
i INFO errorstats
i INFO commandstats
? ROLE
ROLE x`,

  "connections": `
CLIENT GETREDIR
CLIENT GETREDIR x
CLIENT TRACKINGINFO x
CLIENT INFO x
CLIENT ID x
CLIENT GETNAME x
CLIENT NO-EVICT
CLIENT NO-EVICT ON
CLIENT NO-EVICT off
CLIENT NO-EVICT ON x
CLIENT UNPAUSE x
CLIENT PAUSE
CLIENT PAUSE -1
CLIENT PAUSE 1 ALL x
CLIENT UNBLOCK
CLIENT LIST TYPE
CLIENT LIST TYPE what
CLIENT LIST TYPE primary2
CLIENT LIST TYPE replica
CLIENT LIST TYPE master
CLIENT LIST TYPE SLAVE
CLIENT LIST TYPE pubsub
? CLIENT LIST TYPE normal
CLIENT LIST ID
CLIENT LIST ID 999999
CLIENT LIST ID 0
CLIENT LIST ID 1 x
CLIENT LIST ID -5
CLIENT KILL
CLIENT KILL none
CLIENT KILL ID
CLIENT KILL ID 0
CLIENT KILL ID -1
CLIENT KILL ID 999999
CLIENT KILL ID 999999 ID 999998
CLIENT KILL ID 999999 TYPE
CLIENT KILL TYPE what
CLIENT KILL TYPE replica
CLIENT KILL TYPE master
CLIENT KILL TYPE slave SKIPME no
CLIENT KILL USER nobody
CLIENT KILL ADDR 1.2.3.4:5
CLIENT KILL ADDR 1.2.3.4:5 LADDR 1.2.3.4:5 USER default
CLIENT KILL SKIPME maybe
CLIENT KILL SKIPME yes ID 999999
2> PING
ACL SETUSER k on nopass +@all
2> AUTH k x
2> CLIENT SETNAME two
2> CLIENT GETNAME
CLIENT KILL USER k SKIPME yes
2<
ACL DELUSER k
3> SUBSCRIBE c
CLIENT KILL TYPE pubsub
3<
CLIENT TRACKING ON BCAST NOLOOP
~ CLIENT TRACKINGINFO
CLIENT GETREDIR
CLIENT TRACKING OFF
CLIENT GETREDIR
CLIENT TRACKING
CLIENT TRACKING WHAT
4> PING
CLIENT KILL USER default TYPE normal SKIPME yes ID 999999
4> PING
PUBSUB CHANNELS
PUBSUB CHANNELS a b
PUBSUB NUMPAT x
PUBSUB NUMSUB
PUBSUB NUMSUB a a
PUBSUB SHARDNUMSUB
PUBSUB SHARDCHANNELS a b
PUBSUB WHAT
PUBSUB
5> SUBSCRIBE news sport
5<
~ PUBSUB CHANNELS
PUBSUB CHANNELS n*
PUBSUB CHANNELS x*
PUBSUB NUMSUB news none news`
}

/** Scripts for Valkey 9.0 and later, where connections are found by more of their properties. */
export const connectionsByProperty: Readonly<Record<string, string>> = {
  "connections by property": `
CLIENT SETNAME one
? CLIENT LIST USER default
CLIENT LIST USER nobody
CLIENT LIST ADDR 1.2.3.4:5
CLIENT LIST LADDR 1.2.3.4:5
CLIENT LIST ADDR
CLIENT LIST MAXAGE 100000
CLIENT LIST MAXAGE 0
CLIENT LIST MAXAGE x
CLIENT LIST IDLE 100000
CLIENT LIST IDLE 0
CLIENT LIST IDLE x
CLIENT LIST NAME none
? CLIENT LIST NAME one
CLIENT LIST NAME one SKIPME yes
CLIENT LIST NAME one TYPE pubsub
CLIENT LIST FLAGS 9
CLIENT LIST FLAGS b
? CLIENT LIST FLAGS N
CLIENT LIST FLAGS Nb
CLIENT LIST LIB-NAME none
CLIENT LIST LIB-VER none
CLIENT LIST DB 3
CLIENT LIST DB 99
CLIENT LIST DB x
CLIENT LIST CAPA r
CLIENT LIST CAPA z
CLIENT LIST IP 1.2.3.4
CLIENT LIST NOT-IP 127.0.0.1
CLIENT LIST NOT-TYPE normal
CLIENT LIST NOT-TYPE what
CLIENT LIST NOT-USER default
CLIENT LIST NOT-USER nobody
CLIENT LIST NOT-DB 0
CLIENT LIST NOT-FLAGS N
? CLIENT LIST NOT-NAME none NOT-DB 3 NOT-FLAGS b NOT-CAPA r NOT-ADDR a:1 NOT-LADDR a:1 NOT-LIB-NAME x NOT-LIB-VER y
CLIENT LIST NOT-IDLE 1
CLIENT LIST NOT-MAXAGE 1
CLIENT LIST NOT-SKIPME yes
CLIENT LIST SKIPME maybe
CLIENT LIST NOT-ID x
? CLIENT LIST NOT-ID 999999 999998
CLIENT KILL MAXAGE 100000
CLIENT KILL MAXAGE 0
CLIENT KILL ID 999998 999999
CLIENT KILL NAME none
CLIENT KILL DB 5
CLIENT KILL NOT-ID 999999 DB 5
CLIENT KILL IDLE 100000
CLIENT KILL NOT-IDLE 1
2> CLIENT SETNAME two
CLIENT KILL NAME two
2<
CLIENT NO-TOUCH ON
CLIENT NO-TOUCH off
CLIENT NO-TOUCH maybe
CLIENT NO-TOUCH`
}
