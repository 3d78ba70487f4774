/**
 * Scripts of SORT and SORT_RO, in the form that scripts.ts describes.
 */
export const sorting: Readonly<Record<string, string>> = {
  sorting: `
RPUSH l 3 1 2 10
SORT l
SORT l ASC
SORT l DESC
SORT l ASC DESC
SORT l DESC ASC
SORT l ALPHA
SORT l ALPHA DESC
SORT l LIMIT 0 2
SORT l LIMIT 1 2
SORT l LIMIT 1 -1
SORT l LIMIT -1 2
SORT l LIMIT -5 10
SORT l LIMIT 10 2
SORT l LIMIT 0 0
SORT l LIMIT 0 -5
SORT l LIMIT 2 100
SORT l LIMIT 0 1 LIMIT 1 1
SORT l DESC LIMIT 0 2
SORT l LIMIT x 1
SORT l LIMIT 0 x
SORT l LIMIT 0
SORT l LIMIT
SORT l WHAT
SORT l BY
SORT l GET
SORT l STORE
SORT
SORT missing
SORT missing ALPHA LIMIT 0 1
SORT missing GET #
SORT_RO l
SORT_RO l DESC LIMIT 0 1
SORT_RO l STORE d
SORT_RO
SORT_RO missing
RPUSH t b a C 10 9
SORT t
SORT t ALPHA
SORT t alpha desc
SORT t ALPHA LIMIT 1 2
SORT t BY nosort
SORT t BY nosort DESC
SORT t BY nosort LIMIT 1 2
SORT t BY nosort ALPHA
SORT t BY constant LIMIT 0 1
SORT t BY constant GET #
RPUSH f 1.5 -2 1e2 +3 0x10 inf -inf .5
SORT f
SORT f DESC
RPUSH bad 1 x
SORT bad
SORT bad ALPHA
RPUSH nan nan 1
SORT nan
RPUSH space " 1" 2
SORT space
RPUSH empty "" 1
SORT empty
SORT empty ALPHA
RPUSH same 1 1.0 01 1
SORT same
SORT same DESC
MSET w1 30 w2 20 w3 10 w10 5
SORT l BY w*
SORT l BY w* DESC
SORT l BY w* LIMIT 1 2
SORT l BY w* GET #
SORT l BY w* GET w*
SORT l BY w* GET # GET w* GET missing*
SORT l BY *
SORT l BY x*
SORT l BY x* DESC
SORT l BY x*y*
SORT l BY nothing-*
SORT l GET w*
SORT l GET nothing
SORT l GET #
SORT l GET ##
SORT l GET *
DEL w2
SORT l BY w*
SORT l BY w* ALPHA
SORT l BY w* ALPHA DESC
SORT l BY w* GET w*
SET w2 text
SORT l BY w*
SORT l BY w* ALPHA
RPUSH wl x
SORT l BY wl
RPUSH k1 x
SORT l BY k*
SORT l GET k*
HSET h1 f 3 n one
HSET h2 f 1 n two
HSET h3 f 2 n three
SORT l BY h*->f
SORT l BY h*->f DESC
SORT l BY h*->f GET h*->n
SORT l BY h*->f GET h*->n GET #
SORT l BY h*->missing
SORT l BY h*->n ALPHA
SORT l BY h*->n
SORT l BY h*->
SORT l GET h*->
SORT l GET h*
SORT l GET w*->f
SORT l GET h->*
SORT l BY h->*
SORT l GET *->f
HSET *->f x y
SORT l GET h*->f->n
HSET h3 f->n odd
SORT l GET h*->f->n
SET -> arrow
SORT l GET ->
SORT l STORE d
LRANGE d 0 -1
TYPE d
SORT l BY w* GET h*->n STORE d
LRANGE d 0 -1
SORT l BY nosort GET missing* STORE d
LRANGE d 0 -1
SORT l STORE l
LRANGE l 0 -1
SORT l LIMIT 0 0 STORE d
EXISTS d
SET d text
SORT l DESC STORE d
LRANGE d 0 -1
SORT missing STORE d
EXISTS d
SORT l STORE d STORE e
LRANGE e 0 -1
EXPIRE e 100
SORT l STORE e
TTL e
SADD s 3 1 2
SORT s
SORT s DESC
SORT s BY w*
~ SORT s BY nosort
SORT s BY nosort STORE sd
LLEN sd
SADD words b a c
SORT words ALPHA
SORT words ALPHA LIMIT 0 1
ZADD z 3 a 1 b 2 c
SORT z
SORT z ALPHA
SORT z ALPHA DESC
SORT z BY nosort
SORT z BY nosort DESC
SORT z BY nosort LIMIT 1 1
SORT z BY nosort DESC LIMIT 0 2
SORT z BY nosort ASC
SORT z BY nosort GET # STORE zd
LRANGE zd 0 -1
ZADD zn 3 1 1 2 2 3
SORT zn
SORT zn DESC
SORT zn BY w*
SET str x
SORT str
HSET hash a 1
SORT hash
SORT_RO hash
MULTI
SORT l
SORT l STORE q
EXEC`
}
