/**
 * Scripts of the commands and options of later servers than Redis 7.0, in the form that scripts.ts describes, each with
 * the servers that have them.
 */
import { connectionsByProperty } from "./acl.ts"
import { hashFieldExpiry } from "./bitsAndGeo.ts"
import { commandLogs, filesOfReplicas } from "./server.ts"

/** Scripts, and the servers that they run against, by their names in test/support/servers.ts. */
export interface LaterScripts {
  readonly servers: ReadonlyArray<string>
  readonly scripts: Readonly<Record<string, string>>
}

const comparedStrings = `
SET k a
SET k b IFEQ a
SET k b IFEQ a
GET k
SET k c IFEQ b GET
SET k c IFEQ zz GET
SET none c IFEQ zz GET
SET none c IFEQ zz
EXISTS none
SET k c IFEQ c NX
SET k c NX IFEQ c
SET k c XX IFEQ c
SET k c IFEQ
SET k c IFEQ c IFEQ d
SET k c IFWHAT c
SET k c ifeq c EX 100
TTL k
SET k d IFEQ c KEEPTTL
TTL k
SET k d IFEQ d
TTL k
SET k d PX 100000 IFEQ d
SET k d IFEQ d EX 0
SET k d IFEQ d EX x
SET e ""
SET e x IFEQ ""
SET n 10
SET n 11 IFEQ 010
SET n 11 IFEQ 10
GET n
SET bin "\\x00\\xff"
SET bin y IFEQ "\\x00\\xfe"
SET bin y IFEQ "\\x00\\xff"
RPUSH l a
SET l c IFEQ a
SET l c IFEQ a GET
TYPE l
MULTI
SET k e IFEQ d
SET k f IFEQ d
EXEC
GET k`

const deletedStrings = `
SET k a
DELIFEQ k x
DELIFEQ k a
DELIFEQ k a
EXISTS k
RPUSH l a
DELIFEQ l a
DELIFEQ k
DELIFEQ
DELIFEQ k a b
SET k 10
DELIFEQ k 010
DELIFEQ k 10
SET k ""
DELIFEQ k ""
MSETEX 2 a 1 b 2
MGET a b
TTL a
MSETEX 2 a 1 b 2 EX 100
TTL a
MSETEX 2 a 3 b 4 KEEPTTL
TTL b
MGET a b
MSETEX 2 a 1 b 2
TTL a
MSETEX 2 a 5 b 6 NX
MSETEX 2 a 5 z 6 NX
MSETEX 2 a 5 z 6 XX
MGET a b z
MSETEX 2 y 5 z 6 nx px 100000
MGET y z
MSETEX 2 a 1 b 2 XX PXAT 9999999999999
PEXPIRETIME a
MSETEX 2 a 1 b 2 EXAT 9999999999
EXPIRETIME b
MSETEX 2 a 1 b
MSETEX 2 a 1 b 2 c
MSETEX 2 a 1 b 2 c 3
MSETEX 0 a 1
MSETEX -1 a 1
MSETEX x a 1
MSETEX 1.5 a 1
MSETEX 3 a 1
MSETEX 1 a
MSETEX
MSETEX 99999999999 a 1
MSETEX 2 a 1 b 2 WHAT
MSETEX 2 a 1 b 2 EX
MSETEX 2 a 1 b 2 EX 0
MSETEX 2 a 1 b 2 EX -1
MSETEX 2 a 1 b 2 EX x
MSETEX 2 a 1 b 2 EX 10 PX 10
MSETEX 2 a 1 b 2 KEEPTTL EX 10
MSETEX 2 a 1 b 2 NX XX
MSETEX 2 a 1 b 2 XX NX
MSETEX 2 a 1 b 2 GET
MSETEX 2 a 1 b 2 EXAT 1
EXISTS a b
RPUSH l2 x
MSETEX 2 l2 1 a 2
TYPE l2
MSETEX 2 d 1 d 2
GET d
MSETEX 2 d 3 d 4 NX
MSETEX 2 q 3 q 4 NX
GET q`

const bareScans = `
HSET h f 1 g 2 h 3
HSCAN h 0 NOVALUES
~ HSCAN h 0 COUNT 100 NOVALUES
HSCAN h 0 MATCH f* NOVALUES
HSCAN h 0 novalues MATCH g
HSCAN h 0
HSCAN h 0 NOVALUES NOVALUES
HSCAN missing 0 NOVALUES
HSCAN h 0 NOVALUES WHAT
HSCAN h x NOVALUES
SADD s a
SSCAN s 0 NOVALUES
SCAN 0 NOVALUES
ZADD z 1 a 2.5 b -inf c
ZSCAN z 0 NOVALUES
ZRANK z b WITHSCORE
ZRANK z a withscore
ZRANK z c WITHSCORE
ZREVRANK z b WITHSCORE
ZREVRANK z c WITHSCORE
ZRANK z q WITHSCORE
ZRANK q q WITHSCORE
ZREVRANK q q WITHSCORE
ZRANK z b
ZRANK z q
ZRANK z b WHAT
ZRANK z b WITHSCORES
ZRANK z b WITHSCORE x
ZRANK z
RPUSH l a
ZRANK l b WITHSCORE
HSCAN l 0 NOVALUES`

const scansWithoutScores = `
ZADD z 1 a 2.5 b
ZSCAN z 0 NOSCORES
ZSCAN z 0 MATCH a* NOSCORES
ZSCAN z 0 noscores COUNT 100
ZSCAN z 0 NOSCORES WHAT
ZSCAN missing 0 NOSCORES
HSET h f 1
HSCAN h 0 NOSCORES
SADD s a
SSCAN s 0 NOSCORES
SCAN 0 NOSCORES`

const vectors = String.raw`
VADD v VALUES 3 1 2 3 a
VADD v VALUES 3 1 2 3.5 a
VADD v VALUES 3 -1 2 0.5 b SETATTR "{\"year\":1990}"
VADD v VALUES 3 3 1 -2 c
TYPE v
OBJECT ENCODING v
VCARD v
VCARD missing
VDIM v
VDIM missing
VEMB v a
VEMB v b
VEMB v c
VEMB v a RAW
VEMB v a raw RAW
VEMB v missing
VEMB missing a
VEMB missing a RAW
VEMB v a WHAT
VEMB v
VGETATTR v b
VGETATTR v a
VGETATTR v missing
VGETATTR missing a
VGETATTR v
VSETATTR v a "{\"year\":2000}"
VGETATTR v a
VSETATTR v missing x
VSETATTR missing x y
VSETATTR v a ""
VGETATTR v a
VSETATTR v a "not json"
VGETATTR v a
VSETATTR v a
k VINFO v
VINFO missing
VINFO
VINFO v x
VISMEMBER v a
VISMEMBER v z
VISMEMBER missing z
VISMEMBER v
? VLINKS v a
? VLINKS v a WITHSCORES
VLINKS v z
VLINKS v z WITHSCORES
VLINKS missing z
VLINKS v a WHAT
VLINKS v a WITHSCORES x
VRANDMEMBER missing
VRANDMEMBER missing 2
VRANDMEMBER missing -2
VRANDMEMBER v 0
? VRANDMEMBER v
? VRANDMEMBER v -3
~ VRANDMEMBER v 3
~ VRANDMEMBER v 30
VRANDMEMBER v x
VRANDMEMBER v 1 2
VSIM v ELE a
6 VSIM v ELE a WITHSCORES
6 VSIM v ELE b WITHSCORES
6 VSIM v ELE c withscores
6 VSIM v VALUES 3 1 1 1 WITHSCORES
6 VSIM v VALUES 3 1 1 1 WITHSCORES COUNT 2
6 VSIM v VALUES 3 1 1 1 WITHSCORES COUNT 1
6 VSIM v VALUES 3 1 1 1 WITHSCORES EPSILON 0.3
6 VSIM v VALUES 3 1 1 1 WITHSCORES EPSILON 0.01
6 VSIM v VALUES 3 1 1 1 WITHSCORES EPSILON 5
6 VSIM v VALUES 3 -1 -2 -3 WITHSCORES
? VSIM v VALUES 3 0 0 0 WITHSCORES COUNT 1
VSIM v VALUES 3 1 1 1 EF 10 FILTER-EF 20 TRUTH NOTHREAD
6 VSIM v VALUES 3 1 1 1 TRUTH WITHSCORES
6 VSIM v FP32 "\x00\x00\x80\x3f\x00\x00\x80\x3f\x00\x00\x80\x3f" WITHSCORES
VSIM v FP32 "\x00\x00\x80\x3f"
VSIM v FP32 "\x00\x00\x80"
VSIM v VALUES 2 1 1
VSIM v VALUES 3 1 1
VSIM v VALUES 3 1 1 x
VSIM v VALUES 0 1 1
VSIM v VALUES x 1 1
VSIM v ELE z
VSIM v WHAT z
VSIM missing ELE z
VSIM missing ELE z WHAT
VSIM missing WHAT z
VSIM v ELE
VSIM v
VSIM v ELE a WHAT
VSIM v ELE a COUNT
VSIM v ELE a COUNT 0
VSIM v ELE a COUNT -1
VSIM v ELE a COUNT x
VSIM v ELE a EPSILON 0
VSIM v ELE a EPSILON x
VSIM v ELE a EF 0
VSIM v ELE a EF 1000001
VSIM v ELE a EF x
VSIM v ELE a FILTER-EF 0
VSIM v ELE a FILTER-EF x
VADD v VALUES 2 1 2 a
VADD v VALUES 3 1 2 3 a NOQUANT
VADD v VALUES 3 1 2 3 a BIN
VADD v VALUES 3 1 2 3 a M 8
VADD v VALUES 3 1 2 3 a M 3
VADD v VALUES 3 1 2 3 a M 5000
VADD v VALUES 3 1 2 3 a M x
VADD v VALUES 3 1 2 3 a EF 0
VADD v VALUES 3 1 2 3 a EF x
VADD v VALUES 3 1 2 3 a EF
VADD v VALUES 3 1 2 3 a WHAT
VADD v VALUES 3 1 2 3 a SETATTR
VADD v VALUES 3 1 2 x a
VADD v VALUES 3 1 2 3
VADD v VALUES 3 1 2
VADD v VALUES 0 a
VADD v VALUES -1 a
VADD v WHAT 3 1 2 3 a
VADD v FP32
VADD v FP32 "\x00\x00\x80" a
VADD v FP32 "" a
VADD v REDUCE 2 VALUES 3 1 2 3 a
VADD v REDUCE 3 VALUES 3 1 2 3 a
VADD v REDUCE 5 VALUES 3 1 2 3 a
VADD v REDUCE 0 VALUES 3 1 2 3 a
VADD v REDUCE x VALUES 3 1 2 3 a
VADD
VADD v
VADD v VALUES 3 5 5 5 a CAS
VADD v VALUES 3 5 5 5 e CAS EF 10 Q8 SETATTR "{}"
VGETATTR v e
VADD v VALUES 3 5 5 4 e
VGETATTR v e
VADD v VALUES 3 5 5 4 e SETATTR "{\"a\":1}"
VGETATTR v e
VADD v VALUES 3 5 5 4 e SETATTR ""
VGETATTR v e
VCARD v
VREM v a
VREM v a
VREM missing a
VREM v
VREM v b
VREM v c
VREM v e
EXISTS v
VADD r REDUCE 2 VALUES 3 1 2 3 a CAS EF 10
6 VEMB r a
VDIM r
k VINFO r
VADD r REDUCE 2 VALUES 4 1 2 3 4 a
VADD r REDUCE 3 VALUES 3 1 2 3 b
VADD r VALUES 2 1 2 b
VADD r VALUES 3 1 2 3 b
VADD r REDUCE 2 VALUES 3 3 2 1 b
6 VSIM r ELE a WITHSCORES
6 VSIM r VALUES 3 1 2 3 WITHSCORES
6 VSIM r VALUES 2 1 2 WITHSCORES
VSIM r VALUES 4 1 2 3 4
VADD n VALUES 3 1 2 3 a NOQUANT M 8
VADD n VALUES 3 -1 0.5 2 b NOQUANT M 8
VADD n VALUES 3 -1 0.5 2 b NOQUANT
6 VEMB n a
6 VEMB n b
6 VEMB n a RAW
6 VSIM n ELE a WITHSCORES
6 VSIM n VALUES 3 1e2 -1e-3 0.1 WITHSCORES
VADD n VALUES 3 0 0 0 z NOQUANT M 8
6 VEMB n z
6 VSIM n ELE z WITHSCORES COUNT 1 EPSILON 0.4
VADD bin VALUES 3 1 2 -3 a BIN
VADD bin VALUES 3 1 -2 -3 b BIN
VADD bin VALUES 3 -1 -2 0 c BIN
VEMB bin a
VEMB bin c
VEMB bin a RAW
6 VSIM bin ELE a WITHSCORES COUNT 2
6 VSIM bin VALUES 3 -1 -1 -1 WITHSCORES COUNT 1
VADD f FP32 "\x00\x00\x80\x3f\x00\x00\x00\x40" e
VEMB f e
SET s x
VADD s VALUES 1 1 a
VCARD s
VDIM s
VEMB s a
VSIM s ELE a
VSIM s WHAT a
VRANDMEMBER s
VREM s a
VINFO s
VGETATTR s a
VSETATTR s a b
VLINKS s a
VISMEMBER s a
COPY n n2
EXISTS n2
RENAME n w
VCARD w
~ SCAN 0 TYPE vectorset COUNT 100
SORT w
GET w
LPUSH w a
ZADD w 1 a
EXPIRE w 100
TTL w
MULTI
VADD w VALUES 3 1 1 1 q CAS NOQUANT M 8
VCARD w
VSIM w ELE q COUNT 1
EXEC
DEL w
VCARD w`

const filter = (expression: string): string => `VSIM v ELE a FILTER "${expression.replaceAll("\"", "\\\"")}"`

const filters = [
  String
    .raw`VADD v VALUES 2 1 0 a SETATTR "{\"year\":1990,\"name\":\"x y\",\"tags\":[\"p\",\"q\",3],\"ok\":true,\"no\":false,\"nil\":null,\"o\":{\"year\":3},\"e\":\"\",\"n\":\"12\",\"u_v\":1,\"u-w\":2,\"esc\":\"a\\\"b\"}"`,
  String.raw`VADD v VALUES 2 0 1 b SETATTR "{\"year\":1980, \"name\" : \"y\"}"`,
  "VADD v VALUES 2 1 1 c",
  "VADD v VALUES 2 -1 1 d SETATTR nonsense",
  "VADD v VALUES 2 -1 -0.5 e SETATTR \"[1]\"",
  ...[
    ".year == 1990",
    ".year != 1990",
    ".year > 1980",
    ".year >= 1980 and .year < 1990",
    ".year >= 1980 && .name == 'x y'",
    ".year < 1985 || .name == 'x y'",
    "'p' in .tags",
    "3 in .tags",
    "'z' in .tags",
    ".year in [1980, 1981, 'x']",
    ".name in ['x y', \"y\"]",
    ".ok",
    ".no",
    "not .no",
    "!.ok",
    ".nil",
    ".nil == null",
    ".nil == .nil",
    ".nil == 0",
    "not .nil",
    "null",
    ".o",
    ".o == 0",
    ".e",
    "not .e",
    ".e == ''",
    ".n == 12",
    ".n + 1 == 13",
    ".name == 0",
    ".name > 1",
    ".u_v == 1",
    ".u-w == 2",
    ".esc == 'a\"b'",
    ".tags",
    ".tags == 0",
    ".missing",
    "not .missing",
    ".missing == .missing",
    ".YEAR == 1990",
    "1",
    "0",
    "'a'",
    "''",
    "1 + 1 * 2 == 3",
    "(1 + 1) * 2 == 4",
    "((1 + 1)) * ((2)) == 4",
    "2 ** 3 ** 2 == 512",
    "2 ** 3 ** 2 == 64",
    "2 * 3 ** 2 == 18",
    "10 - 4 - 3 == 3",
    "7 % 4 == 3",
    "-7 % 4 == -3",
    "7 / 2 == 3.5",
    "1 / 0 > 5",
    "0 / 0 == 0",
    "-1 < 0",
    "3 -1 == 2",
    "3 - -1 == 4",
    "(3) -1 == 2",
    "1e3 == 1000",
    "1.5e-1 == 0.15",
    "'a' == \"a\"",
    "'a' < 'b'",
    "'2' < '10'",
    "'a' == 0",
    "1 or .missing",
    ".missing or 1",
    ".year > 1985 or .year < 1981",
    ".year > 1985 or .year < 1981 and 0",
    "not 0 and 1",
    "not (0 and 1)",
    "not 1 == 0",
    "not not 1",
    "!!1",
    "!1",
    "",
    " ",
    "(",
    ")",
    "()",
    "(1",
    "1)",
    "1 2",
    "1 +",
    "+ 1",
    "1 + + 1",
    "1 == == 1",
    ".year == 'x",
    ".year $ 3",
    ".year foo 3",
    ".year in [1, 2",
    ".year in [1 2]",
    ".year in [a]",
    ".year in []",
    ".year in [[1]]",
    ".year in 1990",
    "1.2.3 == 1",
    "1e == 1",
    ". == 1",
    ".year. == 1",
    ".year = 1990",
    ".year >1985 and(.year<1995)",
    ".year>1985and.year<1995",
    "1 and",
    "andy",
    "1 andy",
    "[1]",
    "[1] == [1]",
    "'x' in 'xyz'"
  ].map(filter),
  `${filter(".year > 1")} COUNT 1`,
  `${filter(".year > 1")} WITHSCORES EPSILON 0.4`,
  `${filter(".year > 1")} FILTER ".year < 1985"`,
  `${filter(".year > 1")} TRUTH FILTER-EF 5`,
  "VSIM v ELE a FILTER-EF 10",
  "VSIM v ELE a FILTER"
].join("\n")

/** Vectors with many dimensions, in each quantization: that the scores are the same. */
const manyDimensions = ["Q8", "NOQUANT", "BIN"].flatMap((quantization, q) => {
  const vector = (seed: number): string =>
    Array.from({ length: 24 }, (_, i) => (((i + 1) * (seed + 3) * 7919) % 1009 - 504) / 100).join(" ")
  return [
    ...Array.from({ length: 20 }, (_, i) => `VADD m${q} VALUES 24 ${vector(i)} e${i} ${quantization}`),
    ...Array.from({ length: 6 }, (_, i) => `6 VEMB m${q} e${i}`),
    ...Array.from(
      { length: 10 },
      (_, i) => `6 VSIM m${q} ELE e${i} WITHSCORES TRUTH COUNT ${quantization === "BIN" ? 1 : 20}`
    ),
    ...Array.from(
      { length: 10 },
      (_, i) => `6 VSIM m${q} VALUES 24 ${vector(100 + i)} WITHSCORES TRUTH COUNT ${quantization === "BIN" ? 1 : 20}`
    )
  ]
}).join("\n")

const polygons = `
GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.496366 41.902783 Rome 9.19 45.4642 Milan
GEOADD g 2.3522 48.8566 Paris -0.1278 51.5074 London 179.5 0.5 east -179.5 0.5 west
GEOSEARCH g BYPOLYGON 4 12 37 16 37 16 39 12 39 ASC
GEOSEARCH g BYPOLYGON 4 12 37 16 37 16 39 12 39 DESC
GEOSEARCH g BYPOLYGON 4 12 37 16 37 16 39 12 39 WITHCOORD ASC
GEOSEARCH g BYPOLYGON 4 12 37 16 37 16 39 12 39 WITHDIST ASC
GEOSEARCH g BYPOLYGON 4 12 37 16 37 16 39 12 39 WITHHASH ASC
GEOSEARCH g BYPOLYGON 4 12 37 16 37 16 39 12 39 COUNT 1 ASC
GEOSEARCH g BYPOLYGON 4 12 37 16 37 16 39 12 39 COUNT 1
GEOSEARCH g BYPOLYGON 3 8 36 18 36 13 48 ASC
GEOSEARCH g BYPOLYGON 3 8 36 18 36 13 48 ASC WITHDIST
GEOSEARCH g BYPOLYGON 6 0 35 20 35 20 50 10 40 5 50 0 50 ASC
~ GEOSEARCH g BYPOLYGON 4 -10 30 20 30 20 60 -10 60
GEOSEARCH g BYPOLYGON 2 8 36 18 36
GEOSEARCH g BYPOLYGON 0
GEOSEARCH g BYPOLYGON -1 1 1
GEOSEARCH g BYPOLYGON x 1 1 2 2 3 3
GEOSEARCH g BYPOLYGON 3 8 36 18 36
GEOSEARCH g BYPOLYGON 3 8 36 18 36 13
GEOSEARCH g BYPOLYGON 3 8 36 18 36 13 x
GEOSEARCH g BYPOLYGON 3 8 36 18 36 190 48
GEOSEARCH g BYPOLYGON 3 8 36 18 36 13 99
GEOSEARCH g BYPOLYGON
GEOSEARCH g BYPOLYGON 3 8 36 18 36 13 48 BYRADIUS 1 km
GEOSEARCH g BYRADIUS 1 km BYPOLYGON 3 8 36 18 36 13 48
GEOSEARCH g FROMLONLAT 13 38 BYPOLYGON 3 8 36 18 36 13 48 ASC
GEOSEARCH g FROMMEMBER Rome BYPOLYGON 3 8 36 18 36 13 48 ASC
GEOSEARCH g BYPOLYGON 3 8 36 18 36 13 48 FROMMEMBER Rome ASC
GEOSEARCH g BYPOLYGON 3 8 36 18 36 13 48 WHAT
GEOSEARCH missing BYPOLYGON 3 8 36 18 36 13 48
GEOSEARCH missing BYPOLYGON 2 8 36 18 36
GEOSEARCH g BYPOLYGON 3 8 36 18 36 13 48 BYPOLYGON 4 -10 30 20 30 20 60 -10 60 ASC
GEOSEARCH g BYPOLYGON 3 8 36 18 36 13 48 COUNT 1 ANY
GEOSEARCH g BYPOLYGON 3 170 0 -170 0 -170 10
GEOSEARCH g BYPOLYGON 6 8 36 18 36 18 40 12 40 12 48 8 48 ASC WITHDIST
GEOSEARCH g BYPOLYGON 3 5 30 18 36 5 48 ASC WITHDIST
GEOSEARCHSTORE d g BYPOLYGON 3 8 36 18 36 13 48
ZRANGE d 0 -1 WITHSCORES
GEOSEARCHSTORE d g BYPOLYGON 3 8 36 18 36 13 48 STOREDIST
ZRANGE d 0 -1
GEOSEARCHSTORE d g BYPOLYGON 3 1 1 2 1 1 2
EXISTS d
GEOSEARCH g BYRADIUS 1 km ASC WITHDIST
GEOSEARCH g FROMLONLAT 13 38 ASC WITHDIST
RPUSH l a
GEOSEARCH l BYPOLYGON 3 8 36 18 36 13 48`

/** By servers: what they run beyond scripts.ts. */
export const later: ReadonlyArray<LaterScripts> = [
  { servers: ["redis-8.0"], scripts: hashFieldExpiry },
  { servers: ["redis-8.0", "valkey-8.1", "valkey-9.1"], scripts: filesOfReplicas },
  { servers: ["valkey-8.1", "valkey-9.1"], scripts: commandLogs },
  { servers: ["valkey-8.1", "valkey-9.1"], scripts: { "compared strings": comparedStrings } },
  { servers: ["valkey-9.1"], scripts: { "deleted strings": deletedStrings, polygons, ...connectionsByProperty } },
  { servers: ["redis-8.0", "valkey-8.1", "valkey-9.1"], scripts: { "scans without values": bareScans } },
  { servers: ["valkey-8.1", "valkey-9.1"], scripts: { "scans without scores": scansWithoutScores } },
  {
    servers: ["redis-8.0"],
    scripts: { vectors, "vector filters": filters, "vectors of many dimensions": manyDimensions }
  }
]
