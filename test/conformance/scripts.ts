/**
 * What nodes in memory have in common with Redis: scripts of requests, each of
 * which has the same reply from both. `compare.test.ts` runs them.
 *
 * A line is a request; words are quoted as redis-cli quotes them. In front of
 * it, separated by a space:
 *   `~`    the reply's elements may come in another order
 *   `?`    only the type of the reply counts, for what is left to chance
 *   `k`    only the names of the fields count, in any order
 *   `6`    numbers may differ by a millionth
 *   `t`    moments do not count, and other times in units of ten seconds
 *   `i`    only the headings and the names of the fields in a text of INFO count, in any order
 *   `2>`   another session sends it
 *   `2!`   another session sends it, and waits: its reply comes later
 *   `2<`   the next reply or message of that session
 *   `#`    a remark
 * Each script begins with empty databases and new sessions.
 */
import { acl } from "./acl.ts"
import { bitsAndGeo } from "./bitsAndGeo.ts"
import { lua } from "./lua.ts"
import { server } from "./server.ts"
import { sorting } from "./sorting.ts"
import { streamGroups } from "./streamGroups.ts"
import { streams } from "./streams.ts"

export const scripts: Readonly<Record<string, string>> = {
  ...acl,
  ...streams,
  ...streamGroups,
  ...bitsAndGeo,
  ...lua,
  ...server,
  ...sorting,
  strings: `
SET a 1
GET a
GET missing
SET a 2 NX
SET b 2 NX
SET c 3 XX
SET a 3 XX
GET a
SET a 4 GET
SET new 4 GET
SET a 5 XX GET
SET a 5 NX GET
SET a 1 EX 100
TTL a
SET a 1 KEEPTTL
TTL a
SET a 1
TTL a
SET a 1 PX 100000
TTL a
SET a 1 EXAT 9999999999
EXPIRETIME a
SET a 1 PXAT 9999999999999
PEXPIRETIME a
SET a 1 EX 0
SET a 1 EX -5
SET a 1 PX abc
SET a 1 EX
SET a 1 EX 10 PX 10
SET a 1 EX 10 KEEPTTL
SET a 1 NX XX
SET a 1 WHAT
SET a
SET
LPUSH list x
SET list 1 GET
SET list 1
TYPE list
SETNX a 1
SETNX fresh 1
SETEX a 10 v
SETEX a 0 v
SETEX a x v
PSETEX a 10000 v
PSETEX a -1 v
GETSET a w
GETSET nothing w
GETDEL a
GETDEL a
LPUSH list2 x
GETDEL list2
GET list2
GETSET list2 v
SET a v
GETEX a
GETEX a EX 100
TTL a
GETEX a PERSIST
TTL a
GETEX a PXAT 9999999999999
PEXPIRETIME a
GETEX a EX 0
GETEX a EX 10 PERSIST
GETEX missing EX 10
GETEX a WHAT
SET s "Hello World"
GETRANGE s 0 4
GETRANGE s -5 -1
GETRANGE s 0 -1
GETRANGE s 5 3
GETRANGE s -100 2
GETRANGE s 20 30
GETRANGE missing 0 1
GETRANGE s a b
SUBSTR s 0 1
SETRANGE s 6 Redis
GET s
SETRANGE pad 5 x
GET pad
SETRANGE pad -1 x
SETRANGE none 3 ""
EXISTS none
SETRANGE s 600000000 x
STRLEN s
STRLEN missing
STRLEN list2
APPEND app a
APPEND app bc
GET app
APPEND list2 x
MSET a 1 b 2
MGET a b missing list2
MSET a 1 b
MSETNX a 9 z 9
MSETNX y 9 z 9
MGET y z
MSETNX y
MGET
SET bin "\\x00\\xff\\r\\n"
GET bin
STRLEN bin
SET utf "h\\xc3\\xa9"
GET utf
STRLEN utf`,
  numbers: `
INCR n
INCR n
DECR n
INCRBY n 10
DECRBY n 3
GET n
INCRBY n abc
INCRBY n 1.5
INCR n 1
SET t text
INCR t
SET big 9223372036854775807
INCR big
DECRBY big -1
SET low -9223372036854775808
DECR low
DECRBY n -9223372036854775808
SET pad 007
INCR pad
SET plus +5
INCR plus
SET space " 5"
INCR space
INCRBYFLOAT f 10.5
INCRBYFLOAT f 0.1
INCRBYFLOAT f -0.6
INCRBYFLOAT f 5.0e3
INCRBYFLOAT f 1e-5
INCRBYFLOAT f abc
INCRBYFLOAT t 1
SET g 3.0e3
INCRBYFLOAT g 200
INCRBYFLOAT h inf
INCRBYFLOAT h 0.3
INCRBYFLOAT h -0.3
LPUSH l 1
INCR l
INCRBYFLOAT l 1`,
  "odd arguments": `
LINDEX missing ""
LINDEX missing x
SET s v EX 100 EX 200
TTL s
SET s v XX EX 100 EX ""
SET s v EX 100 EX 0
SET s v EX 100 PX 100
GETEX missing EX 100 EX -2
GETEX missing EX 100 PX 200
GETEX s EX 100 EX 200
TTL s
GEOADD g 1e3 inf a
GEOADD g -inf 1 a
RPUSH l a
LMPOP 2 l l WHAT COUNT 0
LMPOP 2 l l LEFT COUNT 0
ZMPOP 2 z z WHAT COUNT 0
BLMPOP 1 1 l WHAT COUNT 0
BZMPOP 1 1 z WHAT COUNT 0
COPY l m DB -9223372036854775808
COPY l m DB 2147483648
COPY l m DB 2147483647
COPY l m DB x
`,
  lcs: `
MSET a ohmytext b mynewtext c ""
LCS a b
LCS a b LEN
LCS a b IDX
LCS a b IDX MINMATCHLEN 4
LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
LCS a b IDX WITHMATCHLEN
LCS a c
LCS a missing LEN
LCS a b LEN IDX
LCS a b WHAT
MSET x aaaabaaaab y abaabaabb
LCS x y
LCS x y IDX
LPUSH l x
LCS a l`,
  keys: `
MSET a 1 b 2 c 3
DEL a missing
UNLINK b
EXISTS a b c c
TOUCH c missing
TYPE c
TYPE missing
RPUSH l 1
SADD s 1
ZADD z 1 a
HSET h f v
TYPE l
TYPE s
TYPE z
TYPE h
DBSIZE
RENAME c d
RENAME missing x
RENAMENX d l
RENAMENX d e
RENAME e e
RENAMENX e e
EXISTS d e
~ KEYS *
~ KEYS ?
~ KEYS [a-l]
KEYS [^e-z]*
KEYS \\\\*
KEYS
COPY e e2
COPY e e2
COPY e e2 REPLACE
COPY missing e2
COPY e e
COPY e f DB 1
COPY e f DB 99
COPY e f DB x
COPY e f WHAT
COPY l l2
RPUSH l2 2
LRANGE l 0 -1
SELECT 1
GET f
MOVE f 0
MOVE f 1
MOVE missing 0
MOVE missing 99
MOVE missing x
SELECT 0
GET f
SELECT 99
SELECT x
SELECT -1
? RANDOMKEY
FLUSHDB
RANDOMKEY
DBSIZE
SET a 1
FLUSHALL ASYNC
FLUSHALL WHAT
FLUSHDB SYNC
FLUSHDB SYNC SYNC
DBSIZE
OBJECT ENCODING missing
SET i 12
OBJECT ENCODING i
SET e short
OBJECT ENCODING e
SET r "this is a string that is longer than forty-four bytes, so raw"
OBJECT ENCODING r
APPEND e er
OBJECT ENCODING e
RPUSH list a
OBJECT ENCODING list
SADD ints 1 2
OBJECT ENCODING ints
SADD ints x
OBJECT ENCODING ints
HSET hash f v
OBJECT ENCODING hash
HSET hash f "0123456789012345678901234567890123456789012345678901234567890123456789"
OBJECT ENCODING hash
ZADD zset 1 a
OBJECT ENCODING zset
OBJECT REFCOUNT list
OBJECT IDLETIME list
OBJECT FREQ list
OBJECT WHAT list
OBJECT ENCODING
OBJECT`,
  expiry: `
SET a 1
EXPIRE a 100
TTL a
EXPIRE a 50 NX
EXPIRE a 50 GT
EXPIRE a 200 GT
TTL a
EXPIRE a 300 LT
EXPIRE a 100 LT
TTL a
EXPIRE a 10 XX
PERSIST a
PERSIST a
TTL a
EXPIRE a 10 XX
EXPIRE a 10 GT
EXPIRE a 100 LT
EXPIRE missing 10
EXPIRE a abc
EXPIRE a 10 WHAT
EXPIRE a 10 NX XX
EXPIRE a 10 GT LT
EXPIRE a 9223372036854775807
PEXPIRE a 100000
TTL a
EXPIREAT a 9999999999
EXPIRETIME a
PEXPIREAT a 9999999999000
PEXPIRETIME a
EXPIRETIME missing
PEXPIRETIME missing
TTL missing
PTTL missing
SET b 1
EXPIRETIME b
PTTL b
EXPIRE b -1
EXISTS b
EXPIREAT a 1
EXISTS a
SET c 1 EX 100
RENAME c d
TTL d
SET e 1
COPY d e REPLACE
TTL e
GETSET d 2
TTL d
APPEND e x
TTL e
INCR missing
RPUSH l a
EXPIRE l 100
RPUSH l b
TTL l
LPOP l 2
RPUSH l c
TTL l
SET gone 1 PX 1
DEBUG SLEEP 0.02
GET gone
EXISTS gone
TTL gone
INCR gone
TTL gone`,
  "dump and restore": `
DUMP missing
SET s hello
DUMP s
SET e ""
DUMP e
SET n text
DUMP n
RESTORE s 0 "\\x00\\x05hello"
RESTORE t 0 "\\x00\\x05hello"
RESTORE t -1 x
RESTORE t x x
RESTORE s 0 x
RESTORE t 0 x REPLACE WHAT
RESTORE t
DUMP`,
  hashes: `
HSET h a 1 b 2
HSET h a 3 c 4
HSET h a
HSET h a 1 b
HGET h a
HGET h missing
HGET missing a
HMSET h d 5
HMSET h d
HMGET h a missing c
HMGET missing a
HGETALL h
HGETALL missing
HKEYS h
HVALS h
HLEN h
HLEN missing
HEXISTS h a
HEXISTS h z
HSTRLEN h a
HSTRLEN h z
HSETNX h a 9
HSETNX h e 9
HDEL h a z
HDEL missing a
HDEL h b c d e
EXISTS h
HINCRBY h n 5
HINCRBY h n -7
HINCRBY h n abc
HSET h t text
HINCRBY h t 1
HSET h big 9223372036854775807
HINCRBY h big 1
HINCRBYFLOAT h f 10.5
HINCRBYFLOAT h f 0.1
HINCRBYFLOAT h f abc
HINCRBYFLOAT h t 1
DEL h
HSET h a 1
HRANDFIELD h
HRANDFIELD h 5
HRANDFIELD h 5 WITHVALUES
HRANDFIELD h -3
HRANDFIELD h -2 WITHVALUES
HRANDFIELD h 0
HRANDFIELD missing
HRANDFIELD missing 2
HRANDFIELD h x
HRANDFIELD h 1 WHAT
HRANDFIELD h 1 WITHVALUES x
HSCAN h 0
HSCAN h 0 MATCH b*
HSCAN h 0 COUNT 100 MATCH a*
HSCAN h x
HSCAN h 0 COUNT 0
HSCAN h 0 COUNT x
HSCAN h 0 WHAT
HSCAN missing 0
SET s x
HGET s a
HSET s a 1
HGETALL s
HDEL s a
HLEN s
HINCRBY s a 1
HSCAN s 0
HRANDFIELD s`,
  lists: `
LPUSH l a
LPUSH l b c
RPUSH l d e
LRANGE l 0 -1
LRANGE l 1 2
LRANGE l -2 -1
LRANGE l 5 10
LRANGE l 3 1
LRANGE l -100 100
LRANGE missing 0 -1
LRANGE l a b
LLEN l
LLEN missing
LPUSHX l z
LPUSHX missing z
RPUSHX l y
RPUSHX missing y
LPOP l
RPOP l
LPOP l 2
RPOP l 0
LPOP missing
LPOP missing 2
RPOP missing 0
LPOP l -1
LPOP l x
LPOP l 1 2
RPUSH l f g h
RPOP l 2
LINDEX l 0
LINDEX l -1
LINDEX l 99
LINDEX l x
LINDEX missing 0
LSET l 0 A
LSET l -1 Z
LSET l 99 x
LSET l x x
LSET missing 0 x
LRANGE l 0 -1
LINSERT l BEFORE Z y
LINSERT l AFTER Z zz
LINSERT l BEFORE missing x
LINSERT missing BEFORE a x
LINSERT l WHERE a x
LRANGE l 0 -1
DEL l
RPUSH l a b a c a
LREM l 1 a
LRANGE l 0 -1
LREM l -1 a
LRANGE l 0 -1
LREM l 0 a
LREM l 0 a
LREM missing 0 a
LREM l x a
LRANGE l 0 -1
RPUSH l d e f
LTRIM l 1 2
LRANGE l 0 -1
LTRIM l 5 6
EXISTS l
LTRIM missing 0 1
LTRIM l a b
RPUSH l a b c 1 2 3 c c
LPOS l c
LPOS l c RANK 2
LPOS l c RANK -1
LPOS l c COUNT 2
LPOS l c COUNT 0
LPOS l c RANK -1 COUNT 2
LPOS l c COUNT 0 MAXLEN 3
LPOS l missing
LPOS l missing COUNT 1
LPOS missing c
LPOS l c RANK 0
LPOS l c COUNT -1
LPOS l c MAXLEN -1
LPOS l c WHAT 1
LPOS l c RANK
LMOVE l m LEFT RIGHT
LMOVE l m RIGHT LEFT
LRANGE m 0 -1
LMOVE l l LEFT RIGHT
LMOVE missing m LEFT LEFT
LMOVE l m UP DOWN
RPOPLPUSH l m
RPOPLPUSH missing m
LRANGE m 0 -1
LMPOP 2 missing m LEFT
LMPOP 1 m RIGHT COUNT 2
LMPOP 1 missing LEFT
LMPOP 0 m LEFT
LMPOP x m LEFT
LMPOP 1 m UP
LMPOP 1 m LEFT COUNT 0
LMPOP 1 m LEFT COUNT 1 COUNT 2
LMPOP 5 m LEFT
SET s x
LPUSH s a
LPUSHX s a
LRANGE s 0 -1
LPOP s
LLEN s
LINDEX s 0
LSET s 0 x
LREM s 0 x
LPOS s x
LMOVE s m LEFT LEFT
LMOVE l s LEFT LEFT
LMPOP 1 s LEFT`,
  sets: `
SADD s a b c
SADD s a d
SADD s
SREM s d z
SREM missing a
~ SMEMBERS s
SMEMBERS missing
SISMEMBER s a
SISMEMBER s z
SMISMEMBER s a z b
SMISMEMBER missing a
SCARD s
SCARD missing
SADD t b c d
~ SINTER s t
~ SUNION s t
SDIFF s t
SDIFF t s
SINTER s missing
~ SUNION s missing
SDIFF missing s
SINTERSTORE o s t
SUNIONSTORE o s t
SDIFFSTORE o s t
SMEMBERS o
SINTERSTORE o s missing
EXISTS o
SINTERCARD 2 s t
SINTERCARD 2 s t LIMIT 1
SINTERCARD 2 s t LIMIT 0
SINTERCARD 0 s
SINTERCARD x s
SINTERCARD 5 s t
SINTERCARD 1 s LIMIT -1
SINTERCARD 1 s WHAT 1
SMOVE s t a
SMOVE s t zzz
SMOVE missing t a
SMOVE t t a
~ SMEMBERS t
SADD one x
SRANDMEMBER one
SRANDMEMBER one 5
SRANDMEMBER one -3
SRANDMEMBER one 0
SRANDMEMBER missing
SRANDMEMBER missing 3
SRANDMEMBER one x
SRANDMEMBER one 1 2
SPOP one
SPOP one
EXISTS one
SADD one x
SPOP one 5
SPOP one 5
SPOP one -1
SPOP one x
SADD one x
SPOP one 0
SPOP one 1 2
SSCAN one 0
SSCAN one 0 MATCH y*
SSCAN missing 0
SSCAN one x
SET k v
SADD k a
SMEMBERS k
SINTER s k
SUNIONSTORE o s k
SMOVE s k b
SPOP k
SSCAN k 0`,
  "sorted sets": `
ZADD z 1 a 2 b 3 c
ZADD z 1 a
ZADD z CH 5 a 6 d
ZADD z NX 9 a 7 e
ZADD z XX 8 a 9 f
ZADD z XX CH 10 a
ZADD z GT CH 5 a
ZADD z GT CH 15 a
ZADD z LT CH 20 a
ZADD z LT CH 10 a
ZADD z GT 1 new
ZADD z INCR 5 b
ZADD z NX INCR 5 b
ZADD z XX INCR 5 missing
ZADD z INCR 5 b 6 c
ZADD z NX XX 1 a
ZADD z GT LT 1 a
ZADD z NX GT 1 a
ZADD z 1
ZADD z x a
ZADD z 1 a 2
ZADD z nan a
ZADD z inf p -inf m
ZRANGE z 0 -1
ZRANGE z 0 -1 WITHSCORES
ZADD z INCR -inf p
ZINCRBY z 2 c
ZINCRBY z x c
ZINCRBY z 1.5 fresh
ZREM z p m missing
ZREM missing a
ZSCORE z a
ZSCORE z missing
ZSCORE missing a
ZMSCORE z a missing c
ZMSCORE missing a
ZADD f 0.1 x 3.14159 y 1e20 w 1e-7 v 123456789.5 u 17 t
ZRANGE f 0 -1 WITHSCORES
ZSCORE f x
ZCARD z
ZCARD missing
ZCOUNT z -inf +inf
ZCOUNT z 5 (7
ZCOUNT z (5 7
ZCOUNT z a b
ZRANGE z 1 2
ZRANGE z -2 -1
ZRANGE z 5 1
ZRANGE z a b
ZRANGE z 0 -1 REV
ZRANGE z 0 1 REV WITHSCORES
ZRANGE z 5 7 BYSCORE
ZRANGE z (5 +inf BYSCORE WITHSCORES
ZRANGE z +inf 5 BYSCORE REV
ZRANGE z 0 100 BYSCORE LIMIT 1 2
ZRANGE z 0 100 BYSCORE LIMIT 1 -1
ZRANGE z 0 100 BYSCORE LIMIT -1 2
ZRANGE z 0 1 LIMIT 0 1
ZRANGE z x y BYSCORE
ZRANGE z 0 1 WHAT
ZRANGE missing 0 -1
ZADD lex 0 a 0 b 0 c 0 d
ZRANGE lex [b [c BYLEX
ZRANGE lex (b + BYLEX
ZRANGE lex - (c BYLEX
ZRANGE lex + - BYLEX REV
ZRANGE lex - + BYLEX LIMIT 1 2
ZRANGE lex b c BYLEX
ZRANGE lex - + BYLEX WITHSCORES
ZLEXCOUNT lex - +
ZLEXCOUNT lex [b (d
ZLEXCOUNT lex b d
ZREVRANGE z 0 1
ZREVRANGE z 0 1 WITHSCORES
ZRANGEBYSCORE z -inf 7
ZRANGEBYSCORE z -inf 7 WITHSCORES LIMIT 0 2
ZREVRANGEBYSCORE z 7 -inf
ZRANGEBYLEX lex - [b
ZREVRANGEBYLEX lex + [c
ZREVRANGE z 0 1 WHAT
ZRANGESTORE out z 0 1
ZRANGE out 0 -1 WITHSCORES
ZRANGESTORE out z 5 8 BYSCORE REV
ZRANGESTORE out missing 0 1
EXISTS out
ZRANGESTORE out z 0 1 WITHSCORES
ZRANK z a
ZRANK z missing
ZRANK missing a
ZREVRANK z a
ZREVRANK z missing`,
  "sorted sets, further": `
ZADD z 1 a 2 b 3 c 4 d
ZPOPMIN z
ZPOPMAX z
ZPOPMIN z 0
ZPOPMAX z 5
ZPOPMIN z
ZPOPMIN missing 2
ZPOPMIN z -1
ZPOPMIN z x
ZPOPMIN z 1 2
ZADD z 1 a 2 b 3 c
ZMPOP 1 z MIN
ZMPOP 2 missing z MAX COUNT 5
ZMPOP 1 z MIN
ZMPOP 0 z MIN
ZMPOP 1 z UP
ZMPOP 1 z MIN COUNT 0
ZADD z 1 a
ZRANDMEMBER z
ZRANDMEMBER z 5
ZRANDMEMBER z 5 WITHSCORES
ZRANDMEMBER z -2 WITHSCORES
ZRANDMEMBER z 0
ZRANDMEMBER missing
ZRANDMEMBER missing 1
ZRANDMEMBER z x
ZRANDMEMBER z 1 WHAT
ZADD r 1 a 2 b 3 c 4 d 5 e
ZREMRANGEBYRANK r 0 0
ZREMRANGEBYSCORE r (2 3
ZREMRANGEBYRANK r -1 -1
ZREMRANGEBYSCORE r x y
ZREMRANGEBYRANK r x y
ZREMRANGEBYRANK missing 0 1
ZRANGE r 0 -1
ZADD lex 0 a 0 b 0 c
ZREMRANGEBYLEX lex [a (c
ZREMRANGEBYLEX lex a c
ZRANGE lex 0 -1
ZADD x 1 a 2 b 3 c
ZADD y 10 b 20 c 30 d
SADD set a b
ZUNION 2 x y
ZUNION 2 x y WITHSCORES
ZUNION 2 x y WEIGHTS 2 3 WITHSCORES
ZUNION 2 x y AGGREGATE MAX WITHSCORES
ZUNION 2 x y AGGREGATE MIN WITHSCORES
ZUNION 2 x set WITHSCORES
ZUNION 0 x
ZUNION x x
ZUNION 5 x
ZUNION 1 x WEIGHTS a
ZUNION 1 x AGGREGATE WHAT
ZUNION 2 x y WEIGHTS 1
ZINTER 2 x y
ZINTER 2 x y WITHSCORES
ZINTER 2 x y WEIGHTS 1 2 AGGREGATE MIN WITHSCORES
ZDIFF 2 x y
ZDIFF 2 x y WITHSCORES
ZDIFF 2 x y WEIGHTS 1 2
ZUNIONSTORE out 2 x y
ZRANGE out 0 -1 WITHSCORES
ZUNIONSTORE out 2 x y WEIGHTS 1 0.5 AGGREGATE SUM
ZINTERSTORE out 2 x y AGGREGATE MAX
ZRANGE out 0 -1 WITHSCORES
ZDIFFSTORE out 2 x y
ZINTERSTORE out 2 x missing
EXISTS out
ZUNIONSTORE out 0 x
ZUNIONSTORE out 1 x WITHSCORES
ZINTERCARD 2 x y
ZINTERCARD 2 x y LIMIT 1
ZINTERCARD 0 x
ZINTERCARD 1 x LIMIT -1
ZSCAN x 0
ZSCAN x 0 MATCH b
ZSCAN missing 0
ZSCAN x 0 COUNT 0
SET k v
ZADD k 1 a
ZRANGE k 0 -1
ZSCORE k a
ZUNION 2 x k
ZRANK k a
ZPOPMIN k
ZCOUNT k 0 1
ZINCRBY k 1 a
ZSCAN k 0`,
  "scan and sort": `
MSET a 1 b 2 c 3
RPUSH l 1
~ SCAN 0 COUNT 100
SCAN 0 MATCH a* COUNT 100
SCAN 0 TYPE list COUNT 100
SCAN 0 MATCH z* COUNT 100
SCAN x
SCAN 0 COUNT 0
SCAN 0 COUNT x
SCAN 0 WHAT x
SCAN 0 MATCH
SCAN
DEL l
RPUSH l 3 1 2
SORT l
SORT l DESC
SORT l LIMIT 0 2
SORT l LIMIT 1 -1
SORT l ASC LIMIT x 2
SORT l WHAT
SORT missing
RPUSH w b c a
SORT w
SORT w ALPHA
SORT w ALPHA DESC
MSET weight_1 30 weight_2 10 weight_3 20
MSET data_1 one data_2 two data_3 three
SORT l BY weight_*
SORT l BY weight_* GET data_*
SORT l BY weight_* GET # GET data_*
SORT l GET missing_*
SORT l BY nosort
HSET obj_1 name uno w 3
HSET obj_2 name dos w 2
HSET obj_3 name tres w 1
SORT l BY obj_*->w GET obj_*->name
SORT l STORE out
LRANGE out 0 -1
SORT missing STORE out
EXISTS out
SORT_RO l
SORT_RO l STORE out
SADD s 3 1 2
SORT s
ZADD z 3 x 1 y 2 w
SORT z ALPHA
SET k v
SORT k`,
  transactions: `
MULTI
SET a 1
INCR a
GET a
EXEC
GET a
MULTI
DISCARD
DISCARD
EXEC
MULTI
MULTI
EXEC
MULTI
SET a
EXEC
MULTI
NOTACOMMAND x
SET a 2
EXEC
GET a
MULTI
SET t text
LPUSH t x
INCR t
GET t
EXEC
WATCH a
MULTI
SET a 5
EXEC
WATCH a
2> SET a 6
MULTI
SET a 7
EXEC
GET a
WATCH a
2> SET a 8
UNWATCH
MULTI
SET a 9
EXEC
WATCH a b
2> SET c 1
MULTI
GET a
EXEC
WATCH missing
2> SET missing 1
2> DEL missing
MULTI
PING
EXEC
MULTI
WATCH a
EXEC
WATCH
MULTI
BLPOP q 0
RPUSH q 1
BLPOP q 0
EXEC
MULTI
HGETALL missing
SMEMBERS missing
ZADD z 1 a
ZRANGE z 0 -1 WITHSCORES
ZSCORE z a
EXEC
MULTI
SELECT 1
SET in1 1
EXEC
SELECT 0
EXISTS in1
MULTI
EXEC
SET w 1 PX 5
WATCH w
DEBUG SLEEP 0.02
MULTI
PING
EXEC
MULTI
SUBSCRIBE ch
EXEC
EXEC x
MULTI x`,
  "commands that wait": `
RPUSH q a b
BLPOP q 0
BRPOP q 0
BLPOP missing 0.01
BRPOP missing other 0.01
2! BLPOP q 0
RPUSH q x
2<
2! BLPOP q1 q2 0
3! BLPOP q2 0
RPUSH q2 1 2
2<
3<
LRANGE q2 0 -1
2! BRPOP q 0
LPUSH q one two
2<
LRANGE q 0 -1
DEL q
BLPOP q -1
BLPOP q abc
BLPOP q
2! BLMOVE src dst LEFT RIGHT 0
RPUSH src v
2<
LRANGE dst 0 -1
BLMOVE missing dst LEFT RIGHT 0.01
BLMOVE missing dst UP RIGHT 0
BRPOPLPUSH missing dst 0.01
2! BRPOPLPUSH src dst 0
RPUSH src w
2<
2! BLMPOP 0 2 a b LEFT COUNT 2
RPUSH b 1 2 3
2<
BLMPOP 0.01 1 missing LEFT
BLMPOP 0 0 missing LEFT
BLMPOP 0 1 missing UP
BLMPOP x 1 missing LEFT
2! BZPOPMIN z 0
ZADD z 2 b 1 a
2<
2! BZPOPMAX zz 0
ZADD zz 2 b 1 a
2<
BZPOPMIN z 0
BZPOPMIN missing 0.01
BZMPOP 0.01 1 missing MIN
2! BZMPOP 0 1 zm MAX COUNT 5
ZADD zm 1 a 2 b
2<
SET str v
BLPOP str 0
2! BLPOP later 0
SET later v
DEL later
RPUSH later ok
2<
2! BLPOP tx 0
MULTI
RPUSH tx a b
LPOP tx
EXEC
2<
2! BLPOP chain 0
3! BLMOVE from chain LEFT LEFT 0
RPUSH from x
3<
2<`,
  "publish and subscribe": `
PUBLISH ch hello
2> SUBSCRIBE ch
PUBLISH ch hello
2<
2! SUBSCRIBE a b
2<
2<
2> UNSUBSCRIBE a
PUBLISH a x
PUBLISH b y
2<
3> PSUBSCRIBE c*
PUBLISH ch both
2<
3<
~ PUBSUB CHANNELS
~ PUBSUB NUMSUB ch b none
PUBSUB NUMPAT
PUBSUB WHAT
3> PUNSUBSCRIBE c*
3> PUNSUBSCRIBE nothing
2> PING
2> PING x
4> SSUBSCRIBE sh
SPUBLISH sh m
4<
PUBSUB SHARDCHANNELS
PUBSUB SHARDNUMSUB sh
4> SUNSUBSCRIBE sh
SPUBLISH sh m
5> UNSUBSCRIBE
5> UNSUBSCRIBE x
SUBSCRIBE
PUBLISH ch
2> RESET
2> PING`,
  connection: `
PING
PING hi
PING a b
ECHO hi
ECHO
SELECT 3
SET a 1
SELECT 0
GET a
CLIENT GETNAME
CLIENT SETNAME me
CLIENT GETNAME
CLIENT SETNAME "a b"
CLIENT SETNAME
CLIENT SETINFO LIB-NAME x
? CLIENT ID
? CLIENT INFO
? CLIENT LIST
CLIENT LIST TYPE what
CLIENT LIST WHAT
CLIENT LIST ID x
CLIENT NO-EVICT ON
CLIENT NO-EVICT MAYBE
CLIENT KILL ID 999999
CLIENT KILL ID x
CLIENT KILL TYPE what
CLIENT KILL WHAT x
CLIENT KILL 1.2.3.4:5
CLIENT KILL TYPE pubsub
CLIENT UNBLOCK 99999
CLIENT UNBLOCK x
CLIENT UNBLOCK 1 WHAT
CLIENT PAUSE x
CLIENT PAUSE 0
CLIENT PAUSE 10 WHAT
CLIENT UNPAUSE
CLIENT WHAT
CLIENT
AUTH secret
AUTH default secret
AUTH nobody secret
AUTH a b c
HELLO 1
HELLO x
HELLO 3 WHAT
HELLO 3 AUTH nobody secret
HELLO 3 SETNAME "a b"
UNKNOWN a b c
unknown
"UN KNOWN" "two words"
GET
get a b
? TIME
? LASTSAVE
? ROLE
WAIT 0 0
WAIT x 0
WAIT 0 -1
WAIT 0 x
CONFIG GET maxmemory
~ CONFIG GET maxmemory appendonly
CONFIG GET nothing-like-it
CONFIG GET
CONFIG SET nothing-like-it 1
CONFIG SET maxmemory
CONFIG SET min-replicas-to-write 1
SET b 1
GET b
CONFIG GET min-replicas-to-write
CONFIG SET min-replicas-to-write 0
SET b 1
CONFIG RESETSTAT
CONFIG WHAT
DEBUG SLEEP 0
2! QUIT
2<`,
  "access control": `
ACL WHOAMI
ACL USERS
ACL SETUSER app on >secret ~app:* &ch:* +get +set +publish +subscribe +psubscribe +client +@hash
~ ACL USERS
2> AUTH app wrong
2> AUTH app secret
2> ACL WHOAMI
ACL DELUSER nobody
2> GET app:1
2> GET other
2> SET app:1 v
2> DEL app:1
2> INCR app:1
2> HSET app:h f v
2> HGETALL other
2> CONFIG GET x
2> PUBLISH ch:1 m
2> PUBLISH other m
2> SUBSCRIBE other
2> PSUBSCRIBE ch:*
2> RESET
ACL SETUSER app off
3> AUTH app secret
ACL SETUSER app on nopass
3> AUTH app anything
ACL SETUSER app resetkeys
3> GET app:1
ACL SETUSER app ~* -@hash
3> HGETALL other
3> GET app:1
ACL SETUSER app WHAT
ACL SETUSER app +@nothing
ACL SETUSER app <nothing
ACL DELUSER default
ACL DELUSER app
ACL WHAT
ACL SETUSER default >pw
4> PING
4> GET a
4> AUTH pw2
4> AUTH pw
4> PING
? 4> HELLO 2
ACL SETUSER default nopass
AUTH pw`,
  tracking: `
# in RESP3 only: the other protocol is refused
CLIENT TRACKING ON
CLIENT TRACKING OFF
CLIENT TRACKING MAYBE
CLIENT TRACKING ON PREFIX x
CLIENT TRACKINGINFO`,
  "tracking, where there is RESP3": `
? 2> HELLO 2
HELLO 3 SETNAME x y
? HELLO 3
CLIENT TRACKING ON
MGET a b
2> SET a 1
<
2> SET a 2
2> SET c 1
GET a
2> DEL a
<
CLIENT TRACKING OFF
GET a
2> SET a 3
CLIENT TRACKING ON BCAST PREFIX p: NOLOOP
~ CLIENT TRACKINGINFO
2> SET q:1 x
2> SET p:1 x
<
SET p:2 x
2> SET p:2 y
<
PING`,
  "a replica that hears nobody": `
SET a 1
2! BLPOP q 0
REPLICAOF 127.0.0.1 1
2<
2<
GET a
SET a 2
DEL a
INCR a
3> BLPOP q 0
PUBLISH ch x
MULTI
SET a 2
EXEC
MULTI
GET a
EXEC
WAIT 1 10
? ROLE
CONFIG SET replica-serve-stale-data no
GET a
PING
? INFO replication
? ROLE
PUBLISH ch x
SELECT 1
CONFIG SET replica-serve-stale-data yes
CONFIG SET replica-read-only no
SET own 1
CONFIG SET replica-read-only yes
REPLICAOF 127.0.0.1 1
REPLICAOF NO ONE
GET own
SELECT 0
GET a
SET a 3`,
  "no memory, too few replicas": `
SET a 1
CONFIG SET maxmemory 1
SET b 1
INCR n
GET a
DEL a
LPUSH l x
MULTI
SET a 1
EXEC
CONFIG SET maxmemory 0
SET a 1
CONFIG SET min-replicas-to-write 1
SET a 1
GET a
MULTI
SET a 1
EXEC
2> MULTI
CONFIG SET min-replicas-to-write 0
2> SET a 5
CONFIG SET min-replicas-to-write 1
2> EXEC
CONFIG SET min-replicas-to-write 0
GET a`,
  replicas: `
# a node that follows nobody
REPLICAOF NO ONE
REPLICAOF 127.0.0.1 x
? ROLE
SLAVEOF NO ONE
CONFIG GET replica-priority
CONFIG GET slave-priority
INFO keyspace
? INFO
? INFO replication
? INFO server clients`
}

/** The same for a sentinel that watches `mymaster`, a primary with one replica, with another sentinel. */
export const sentinelScript = `
PING
GET a
SET a 1
SELECT 0
MULTI
ROLE
CLIENT SETNAME me
CLIENT GETNAME
? CLIENT LIST
? INFO
? SENTINEL MYID
? SENTINEL GET-MASTER-ADDR-BY-NAME mymaster
SENTINEL GET-MASTER-ADDR-BY-NAME nobody
SENTINEL GET-MASTER-ADDR-BY-NAME
k SENTINEL MASTER mymaster
SENTINEL MASTER nobody
k SENTINEL MASTERS
k SENTINEL REPLICAS mymaster
k SENTINEL SLAVES mymaster
SENTINEL REPLICAS nobody
k SENTINEL SENTINELS mymaster
SENTINEL SENTINELS nobody
SENTINEL CKQUORUM mymaster
SENTINEL CKQUORUM nobody
SENTINEL FAILOVER nobody
SENTINEL IS-MASTER-DOWN-BY-ADDR 1.2.3.4 5 0 *
SENTINEL IS-MASTER-DOWN-BY-ADDR 1.2.3.4 5
SENTINEL MONITOR other 127.0.0.1 1 0
SENTINEL MONITOR other 127.0.0.1 1 x
SENTINEL MONITOR other 127.0.0.1 x 1
SENTINEL MONITOR mymaster 127.0.0.1 1 1
SENTINEL MONITOR other 127.0.0.1 1 1
? SENTINEL MASTER other
SENTINEL SET other quorum 2
SENTINEL SET other quorum x
SENTINEL SET other down-after-milliseconds 1000
SENTINEL SET other down-after-milliseconds 0
SENTINEL SET other what 1
SENTINEL SET other quorum
SENTINEL SET nobody quorum 1
SENTINEL RESET oth*
SENTINEL RESET nothing
SENTINEL REMOVE other
SENTINEL REMOVE other
SENTINEL CONFIG GET resolve-hostnames
SENTINEL CONFIG SET resolve-hostnames yes
SENTINEL CONFIG GET resolve-hostnames
SENTINEL CONFIG GET nothing
SENTINEL CONFIG SET nothing 1
SENTINEL CONFIG WHAT x
SENTINEL FLUSHCONFIG
SENTINEL PENDING-SCRIPTS
? SENTINEL INFO-CACHE mymaster
SENTINEL SIMULATE-FAILURE HELP
SENTINEL SIMULATE-FAILURE what
SENTINEL SIMULATE-FAILURE crash-after-election
SENTINEL WHAT
SENTINEL
PUBLISH ch m
2> SUBSCRIBE +switch-master
2> PSUBSCRIBE *
3> RESET
`

/** What is not RESP, or too much of it: what is sent, as it is. Each ends the connection. */
export const hostile: ReadonlyArray<string> = [
  "*1\r\n+PING\r\n",
  "*x\r\n",
  "*1\r\n$x\r\n",
  "*1\r\n$-5\r\n",
  "*1\r\n$999999999999\r\n",
  "*99999999999\r\n",
  "GET \"unbalanced\r\n",
  "SET a 'x\r\n",
  "GET \"a\"b\r\n"
]

/** What is not what one expects, but right: inline requests, empty ones, several at once. */
export const odd: ReadonlyArray<string> = [
  "PING\r\n",
  "PING\n",
  "  PING   \r\n",
  "SET a \"x y\"\r\nGET a\r\n",
  "SET b '\\''\r\nGET b\r\n",
  "SET c \"\\x41\\n\\\"\"\r\nGET c\r\n",
  "\r\nPING\r\n",
  "*0\r\n*1\r\n$4\r\nPING\r\n",
  "*-1\r\nPING\r\n",
  "*2\r\n$4\r\nECHO\r\n$3\r\na\r\n\r\n",
  "*1\r\n$4\r\nping\r\n*1\r\n$4\r\nPiNg\r\n"
]
