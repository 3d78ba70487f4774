/**
 * Scripts of requests about Lua: the language, its libraries, what servers add, and functions. compare.test.ts compares
 * a node in memory with a real server; scripts.ts describes the lines.
 */

/** A text as one word of a line. */
const word = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`

/** Shows values of Lua in full: numbers with all digits, tables in their own order. */
const show = [
  "local function show(v, level)",
  "if type(v) == 'number' then return string.format('%.17g', v) end",
  "if type(v) == 'string' then return string.format('%q', v) end",
  "if type(v) ~= 'table' then return v == cjson.null and 'null' or type(v) == 'function' and 'function' or tostring(v) end",
  "if level > 8 then return '...' end",
  "local r = {}",
  "for k, x in pairs(v) do r[#r + 1] = '[' .. show(k, level + 1) .. ']=' .. show(x, level + 1) end",
  "return '{' .. table.concat(r, ',') .. '}' end",
  "local function all(...) local r = {} for i = 1, select('#', ...) do r[i] = show((select(i, ...)), 1) end return r end"
].join(" ")

/** Lines for expressions, of which each is shown with all its values. A line that begins with `!` is a whole script. */
const shown = (expressions: string): string =>
  expressions.trim().split("\n").map((line) =>
    line.startsWith("#")
      ? line
      : `EVAL ${word(line.startsWith("!") ? line.slice(1).replaceAll("\\n", "\n") : `${show}\nreturn all(${line})`)} 0`
  ).join("\n")

const language = shown(String.raw`
1 + 1, 7 / 2, 7 % 3, -7 % 3, 7 % -3, -7 % -3, 2 ^ 10, 2 ^ 0.5, 2 ^ -1
5.3 % 1, -5.3 % 1, 5 % 0.3, 1e300 * 1e10, -1e300 * 1e10, 0 / 1, 3 % math.huge, -3 % math.huge
"10" + 5, "0x10" + 0, " 10 " * 2, "1e2" + 0, "10" .. 5, 1 .. 2, -"3", "2" ^ "3"
10 == "10", "a" == "a", nil == false, {} == {}, 1 == 1.0, "a" < "b", "a" < "B", "" < "a", "a\0b" < "a\0c", "Z" < "a"
not nil, not 0, not "", nil and 1, false or 2, 1 and 2, nil or false, false and error("x"), 1 or error("x")
1 < 2, 2 <= 2, 1 > 2, 2 >= 3, 1 ~= 2, "a" ~= "a"
#"abc", #"", #{1, 2, 3}, #{n = 1}, #{1, 2, nil, 4}, #{nil, nil, 3}, #{nil}, #{1, nil}, #{1, nil, 3, nil}
-2 ^ 2, 2 ^ 3 ^ 2, 2 * 3 % 4, 1 .. 2 .. 3, not 1 == 2, -3 % 5, (-3) % 5, - - 3, not not nil
1e15, 1e14, 123456789012345, 1e100, 0.1, 1 / 3, 100, -0, 1e-5, 123456.789e3, 5e-324, 1.7976931348623157e308
tostring(1e15), tostring(1e14), tostring(123456789012345), tostring(0.1), tostring(1 / 3), tostring(-0), tostring(1e100)
tostring(3.0), tostring(-1.5), tostring(1e300 * 1e10), tostring(2 ^ 53), tostring(2 ^ 63), tostring(12345678.9), tostring(1e-7)
0x10, 0xff, 0XA, 3., .5, 3e2, 3E+2, 3e-2, 0x.8, 1e1
'single', "double", [[long]], [==[a]]b]==], "a\
b", "\65\066\10", "tab\tnew\\", 'it''s'
"\a\b\f\v\"\'", "\x", "\0001", "a\z", #"\0\0"
!local a, b, c = 1, 2 return {a, b, c == nil}
!local a, b = (function() return 1, 2, 3 end)() return {a, b}
!local a, b, c = 0, (function() return 1, 2, 3 end)() return {a, b, c}
!local a, b = ((function() return 1, 2 end)()) return {a, b == nil}
!local t = {(function() return 1, 2, 3 end)(), (function() return 1, 2, 3 end)()} return t
!local t = {(function() return 1, 2, 3 end)(), 10} return t
!local i = 1 local t = {} i, t[i] = i + 1, 20 return {i, t[1], t[2] == nil}
!local a, b = 1, 2 a, b = b, a return {a, b}
!local t = {1, 2} local i = 1 t[i], t[i + 1] = t[i + 1], t[i] return t
!local x = 1 do local x = 2 end return x
!local x = 1 local x = x + 1 return x
!local t = {} for i = 1, 3 do t[#t + 1] = i end return t
!local t = {} for i = 3, 1, -1 do t[#t + 1] = i end return t
!local t = {} for i = 1, 2, 0.5 do t[#t + 1] = tostring(i) end return t
!local t = {} for i = 1, 0 do t[#t + 1] = i end return t
!local n = 0 for i = 0.1, 1, 0.1 do n = n + 1 end return n
!for i = 'x', 2 do end
!for i = 1, 'x' do end
!for i = 1, 2, {} do end
!local t = {} for i = '1', '3' do t[#t + 1] = type(i) end return t
!local t = {} for i = 1, 3 do t[i] = function() i = i + 1 return i end end return {t[1](), t[1](), t[2](), t[3]()}
!local t = {} local i = 0 while true do i = i + 1 if i > 3 then break end t[i] = i end return t
!local i = 0 repeat local j = i i = i + 1 until j >= 2 return i
!local fs = {} local i = 0 repeat local j = i fs[#fs + 1] = function() j = j + 10 return j end i = i + 1 until j >= 2 return {fs[1](), fs[1](), fs[3]()}
!local i = 0 while i < 10 do i = i + 1 local j = i if j == 5 then break end end return i
!local function f(...) return select('#', ...), ... end return {f(1, nil, 3)}
!local function f(...) local a, b = ... return {a, b} end return f(1, 2, 3)
!local function f(...) return {...} end return f(1, 2, 3)
!local function f(...) return arg.n, arg[1], arg[2] end return {f('a', 'b')}
!local function f(...) return ... end return {(f(1, 2)), f(3, 4)}
!local function f(a, ...) local t = {a, ...} return #t end return f(1, 2, 3)
!return (function(...) return select('#', ...) end)(nil, nil)
!return select('#', ...)
!local function f(n) if n == 0 then return 'end' end return f(n - 1) end return f(100000)
!local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(15000)
!local function f() return 1 + f() end return f()
!local function f() return 1 + f() end local ok, e = pcall(f) return {tostring(ok), e}
!local function counter() local n = 0 return function() n = n + 1 return n end, function() return n end end local inc, get = counter() inc() inc() return {get(), inc()}
!local a = {} local b = a b.x = 1 return a.x
!local t = {f = function(self, x) return self.n + x end, n = 10} return t:f(5)
!local t = {a = {b = {c = 5}}} function t.a.b:m() return self.c end function t.a.g(x) return x end return {t.a.b:m(), t.a.g(2)}
!local s = 'x' return {s:rep(3), ('y'):rep(2), #s:rep(5), s:upper()}
!return ('%d %s'):format(3, 'x')
!local t = {[1] = 'a', [2] = 'b', x = 'c', ['y z'] = 'd', 'e'} return {t[1], t[2], t.x, t['y z']}
!local t = {1, 2, 3; 4, n = 5,} return {#t, t.n}
!return {1, 2, 3, nil}
!return {nil, 1}
!local t = {} t[1.5] = 'a' t[true] = 'b' t[-1] = 'c' t[0] = 'd' return {t[1.5], t[true], t[-1], t[0], t[-0]}
!local t = {} t[1] = 1 t[2] = 2 t[3] = 3 t[2] = nil return #t
!local t = {} t[1] = 1 t[2] = 2 t[4] = 4 return #t
!local t = {} for i = 1, 100 do t[i] = i end for i = 100, 51, -1 do t[i] = nil end return #t
!local t = {1, 2, 3, 4, 5} t[3] = nil t[5] = nil return #t
!local t = {n = 1, [1] = 'a', [2] = 'b', [3] = 'c', [4] = 'd'} t[5] = 'e' return #t
!local t = {} t[nil] = 1
!local t = {} t[0 / 0] = 1
!local t = {} return t[nil] == nil
!return 1, 2
!return;
!do return 5 end
!do return end error('x')
!if nil then return 1 elseif false then return 2 elseif 0 then return 3 else return 4 end
!local a = 5 -- comment\nlocal b = 6 --[[ long\ncomment ]] return a + b --[==[ x ]==]
!local function a() return 'outer' end local function b() local function a() return 'inner' end return a() end return {a(), b()}
!local x <const> = 1
!goto x
!local goto = 1 return goto
!return 5 // 2
!return 5 & 2
!return "a" "b"
!return ("a") .. "b"
!local f = function(t) return t[1] end return f{7}
!local f = function(s) return s end return f'x' .. f"y" .. f[[z]]
!return #"abc" + 1
!return - -5
!local t = setmetatable({}, {__index = function(t, k) return k .. '!' end}) return {t.a, t[1], rawget(t, 'a') == nil}
!local b = {x = 1} local t = setmetatable({}, {__index = b}) return {t.x, t.y == nil}
!local log = {} local t = setmetatable({}, {__newindex = function(t, k, v) log[#log + 1] = k rawset(t, k, v) end}) t.a = 1 t.a = 2 return {log, t.a}
!local store = {} local t = setmetatable({}, {__newindex = store}) t.a = 1 return {rawget(t, 'a') == nil, store.a}
!local m = {__add = function(a, b) return 'add' end, __sub = function() return 'sub' end, __mul = function() return 'mul' end, __div = function() return 'div' end, __mod = function() return 'mod' end, __pow = function() return 'pow' end, __unm = function() return 'unm' end, __concat = function() return 'con' end} local t = setmetatable({}, m) return {t + 1, 1 - t, t * t, t / 2, t % 2, t ^ 2, -t, t .. 'x', 'x' .. t, 1 .. t}
!local m = {__eq = function() return true end, __lt = function() return true end, __le = function() return false end} local a, b = setmetatable({}, m), setmetatable({}, m) return {a == b, a ~= b, a < b, a <= b, a > b, a >= b}
!local m = {__lt = function() return false end} local a, b = setmetatable({}, m), setmetatable({}, m) return {a <= b, a >= b}
!local a = setmetatable({}, {__eq = function() return true end}) local b = setmetatable({}, {__eq = function() return true end}) return {a == b, a == 1}
!local t = setmetatable({}, {__call = function(self, a, b) return a + b end}) return t(3, 4)
!local t = setmetatable({}, {__call = function(self, ...) return select('#', ...) end}) local function f() return t(1, 2, 3) end return f()
!local t = setmetatable({}, {__tostring = function() return 'T!' end}) return tostring(t)
!local t = setmetatable({}, {__metatable = 'locked'}) local ok, e = pcall(setmetatable, t, {}) return {getmetatable(t), tostring(ok), e}
!local t = setmetatable({}, {__len = function() return 42 end}) return #t
!local t = setmetatable({}, {__index = function(t, k) error('no ' .. k) end}) return t.x
!local a, b = {}, {} setmetatable(a, {__index = b}) setmetatable(b, {__index = a}) return a.x
!local a, b = {}, {} setmetatable(a, {__newindex = b}) setmetatable(b, {__newindex = a}) a.x = 1
!local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]
!local t = setmetatable({}, {__concat = function(a, b) return type(a) .. type(b) end}) return {t .. 1 .. 2, 1 .. 2 .. t}
!local mt = {} mt.__index = mt function mt.new(x) return setmetatable({x = x}, mt) end function mt:get() return self.x end local C = setmetatable({}, {__index = mt}) C.__index = C local o = setmetatable({x = 9}, C) return {mt.new(5):get(), o:get()}
`)

const errors = shown(String.raw`
!error('boom')
!error('boom', 0)
!error('boom', 1)
!error('boom', 2)
!error('boom', 3)
!local function f() error('deep', 2) end\nf()
!local function f() error('deep', 2) end\nlocal function g()\nf()\nend\ng()
!local function f() error('x') end\nlocal function g()\n  f()\nend\n\ng()
!local function f() error('x') end\nreturn f()
!error()
!error(nil)
!error(42)
!error({err = 'My error'})
!error({err = 'MYCODE text'})
!error({err = 'x', more = 1})
!error(setmetatable({err = 'meta'}, {__tostring = function() return 'shown' end}))
!error(true)
!error('a\\nb')
!error('')
!local ok, e = pcall(error, 'x') return {tostring(ok), e}
!local ok, e = pcall(error, 'x', 0) return {tostring(ok), e}
!local ok, e = pcall(error, {err = 'table'}) return {tostring(ok), type(e), e}
!local ok, e = pcall(error, {1, 2}) return {tostring(ok), type(e), e[2]}
!local ok, e = pcall(error) return {tostring(ok), tostring(e)}
!local ok, e = pcall(function() error('in') end) return {tostring(ok), e}
!local ok, e = pcall(function() error('in', 2) end) return {tostring(ok), e}
!local ok, a, b = pcall(function(...) return ... end, 1, 2) return {tostring(ok), a, b}
!local ok, e = pcall(nil) return {tostring(ok), e}
!local ok, e = pcall(function() local x = nil; x() end) return e
!return select('#', pcall(function() end))
!local ok, e = xpcall(function() error('x') end, function(m) return 'H:' .. m end) return {tostring(ok), e}
!local ok, a, b = xpcall(function() return 1, 2 end, function(m) return 'H:' .. m end) return {tostring(ok), a, b}
!local ok, e = xpcall(function() error('x') end, function(m) error('again') end) return {tostring(ok), type(e)}
!return xpcall(function() end)
!local x = nil x.y = 1
!local x = nil return x.y
!local x = {} return x.y.z
!local x = {} x.y.z = 1
!local x = {} return x[1][2]
!local x = {} x.y.z.w = 1
!local x = 5 return x.y
!local x = 5 x.y = 1
!local x = true return x[1]
!local x = 'abc' return x.len(x)
!local x = 'abc' return x.y == nil
!local x = 'abc' x.y = 1
!local t = {} t.f()
!local t = {} t:m()
!local t = {} t.a.b()
!local t = {} t.a:b()
!local t = {} t[1]()
!local f f()
!local f = 5 return f()
!local f local function g() return f() end g()
!local f local function g() local x = f() return x end g()
!local t local function g() return t.x end g()
!local t local function g() t.x = 1 end g()
!nofunction()
!return (1)()
!return ('x')()
!return ({})()
!return (function() end)()()
!local a, b = 1 return a + b
!local a, b = 1 return b + a
!local a, b = 'x', 1 return a + b
!local a, b = 'x', 1 return b + a
!local t = {} return t.x + 1
!local t = {} return 1 + t.x
!local t = {} return t.x.y + 1
!local t = {} return -t
!local t = {} return -t.x
!local t = {} return t * 2
!return {} + 1
!return 1 + nil
!return nil + 1
!return 'a' + 1
!return 'a' * 'b'
!return -'x'
!return -{}
!return 2 ^ {}
!return 2 % {}
!local up = nil local function f() return up + 1 end f()
!return #5
!return #nil
!local x return #x
!local t = {} return #t.x
!return 1 .. {}
!return {} .. 1
!return nil .. 'x'
!return 'x' .. nil
!local x return 'a' .. x
!local x return x .. 'a'
!local x return 'a' .. x .. 'b'
!local t = {} return 'a' .. t.x
!local t = {} return t.x .. 'a' .. 'b'
!return 'a' .. true
!return 1 < 'x'
!return 'x' < 1
!return {} < {}
!return {} < 1
!return nil < nil
!return nil > 1
!return true <= false
!return function() end < 1
!return 1 >= {}
!return undefined
!return undefined.x
!undefined = 1
!function undefined() end
!return _G.undefined
!_G.undefined = 1
!local x = 1\nlocal y = 2\nx.z.w = 3
!local x\n\n\nreturn x\n.y
!local t = {}\nt.f(\n1,\n2\n)
!return 1 +\n2 +\nnil
!local s = 'a' ..\n'b' ..\nnil
!string.rep()
!string.rep('x')
!string.rep('x', 'y')
!string.rep({}, 1)
!string.rep(nil, 1)
!('x'):rep()
!('x'):rep({})
!('x').rep()
!local r = string.rep r()
!local r = string.rep return r({})
!local t = {rep = string.rep} t.rep()
!local t = {{string.rep}} t[1][1]()
!local t = {rep = string.rep} t:rep()
!pcall(string.rep)
!local ok, e = pcall(string.rep) return e
!local ok, e = pcall(string.rep, 'x', {}) return e
!return select(2, pcall(string.rep, nil))
!local function f() string.rep() end f()
!local function f() return string.rep() end f()
!local function f() return string.rep() end return f()
!table.concat({{}})
!table.concat({1, {}, 3})
!table.concat({1, 2}, ',', 1, 3)
!table.insert()
!table.insert({})
!table.insert({}, 1, 2, 3)
!table.insert(nil, 1)
!table.insert({}, 'x', 1)
!setmetatable(1, {})
!setmetatable({}, 1)
!setmetatable({})
!getmetatable()
!ipairs()
!ipairs(nil)
!pairs(1)
!next({}, 'x')
!next()
!for k in pairs(nil) do end
!for k in next, nil do end
!for k in 5 do end
!for k in nil do end
!for k in {} do end
!local t = {} for k in t.x do end
!for i, v in ipairs('x') do end
!tonumber()
!tonumber('10', 1)
!tonumber('10', 37)
!tonumber({}, 10)
!tonumber({}, 5)
!tostring()
!type()
!assert()
!assert(false)
!assert(nil)
!assert(false, 'message')
!assert(nil, 42)
!assert(nil, {})
!assert(false, nil)
!return {assert(1, 2, 3)}
!select(0)
!select(-5, 1)
!select('x')
!select()
!unpack()
!unpack({}, 1, 1e7)
!unpack({}, 1, 8000)
!return select('#', unpack({}, 1, 7000))
!rawset(1, 2, 3)
!rawset({}, nil, 3)
!rawset({}, 1)
!rawget({})
!rawequal(1)
!loadstring()
!load()
!load('x')
!collectgarbage('x')
!string.char(256)
!string.char(-1)
!string.char('x')
!string.format()
!string.format('%d')
!string.format('%d', 'x')
!string.format('%y', 1)
!string.format('%', 1)
!string.format('%s')
!string.format('%s', {})
!string.format('%s', nil)
!string.format('%123d', 1)
!string.format('%.123d', 1)
!string.format('%------d', 1)
!string.format('%c', 'x')
!string.format('%q')
!string.dump(print)
!string.gsub('x', 'x')
!string.gsub('x', 'x', {}, {})
!string.gsub('x', 'x', true)
!string.gsub('x', '(x', '')
!string.gsub('x', 'x)', '')
!string.gsub('x', '%', '')
!string.gsub('x', '[x', '')
!string.gsub('x', '[', '')
!string.gsub('x', '[^', '')
!string.gsub('x', '[%', '')
!string.gsub('x', '%b', '')
!string.gsub('x', '%bx', '')
!string.gsub('x', '%f', '')
!string.gsub('x', '%1', '')
!string.gsub('x', '(x%1)', '')
!string.gsub('x', 'x', '%2')
!string.gsub('x', '(x)', '%2')
!string.gsub('x', 'x', function() return {} end)
!string.gsub('x', 'x', function() return true end)
!string.gsub('x', 'x', {x = function() end})
!string.find('x', '(')
!string.find('x', ')')
!string.rep('x', 33):gsub(('(x)'):rep(33), '')
!math.floor()
!math.floor('x')
!math.floor({})
!math.random(0)
!math.random(2, 1)
!math.random(1, 2, 3)
!math.max()
!math.min()
!math.max(1, 'x')
!coroutine.resume()
!coroutine.resume(1)
!coroutine.create()
!coroutine.create(print)
!coroutine.create(string.rep)
!coroutine.wrap(1)
!coroutine.status({})
!coroutine.yield(1)
!pcall(coroutine.yield, 1)
!return select(2, pcall(coroutine.yield, 1))
`)

const syntax = shown(String.raw`
!foo bar
!foo
!foo.
!foo.bar
!foo:bar
!return (
!return )
!return 1 +
!return 1 2
!x = = 1
!local = 1
!local function = 1
!if x then
!if x
!while true do
!for i = 1 do end
!for i do end
!for i, j = 1, 2 do end
!for 1 = 1, 2 do end
!repeat
!repeat until
!function f( end
!function f(a,) end
!function f(..., a) end
!function f.1() end
!return {1, 2
!return {1, 2,, 3}
!return {[1 = 2}
!return {[1] 2}
!return {a.b = 1}
!return "abc
!return 'abc\\ndef'
!return [[abc
!return [=[abc]]
!return [=abc
!return "\\300"
!--[[ never ends
!return 3x
!return 0x
!return 1..2
!return 1e
!return 3.4.5
!break
!do break end
!local function f() break end
!while true do local function f() break end end
!return 1 print(2)
!return 1;;
!;
!local x = 1;;
!x
!(x)
!(x) = 1
!x() = 1
!x, y() = 1, 2
!x, y
!a.b:c = 1
!f\n(1)
!local f = 1\nf\n(1)
!local t = {}\nlocal x = t\n(1)
!if x then else else end
!if x then elseif end
!end
!until
!else
!local x y
!local 1
!return ...
!function f() return ... end
!return function(...) return ... end ~= nil and 'ok'
!local t = {...} return #t
!x = @
!x = $
!x = !
!x = ~1
!x = ~
!x ~ 1
!x = a ~ b
!x = 1 & 2
!x = a ? b : c
!a += 1
!a++
!return not
!return #
!return -
!and
!local and = 1
!return "unknown \\q escape"
!return [[a\n\n]] .. [[\nb]]
!if true then\n  local x = (1\nend
!while true do\n\n\n
!function f()\n\n  if x then\n  end\n
!return {\n1,\n2\n
!return f(\n1,\n2\n
!\n\n  x y
!for i = 1, 2 do\n local x =\nend
!return '\\1234'
!return \\x
!local a = {} a.1 = 2
!local a = {} return a["x
!return a..b..
!return loadstring('return 1 + 1')()
!return select(2, loadstring('foo bar'))
!return select(2, loadstring('foo bar', '=name'))
!return select(2, loadstring('foo bar', '@name'))
!return select(2, loadstring('foo bar', 'name'))
!return select(2, loadstring('foo bar', '=' .. ('n'):rep(100)))
!return select(2, loadstring('foo bar', '@' .. ('n'):rep(100)))
!return select(2, loadstring('foo bar', ('n'):rep(100)))
!return select(2, loadstring('foo bar', ('n'):rep(62) .. '\\n'))
!return select(2, loadstring('foo bar', ('n'):rep(63)))
!return select(2, loadstring('foo bar', ('n'):rep(64)))
!return select(2, loadstring('foo bar', '@' .. ('n'):rep(72)))
!return select(2, loadstring('foo bar', '@' .. ('n'):rep(73)))
!return select(2, loadstring('foo\\nbar baz'))
!return select(2, loadstring('x = = 1 -- a long line of code that does not fit into the name of a chunk'))
!return select(2, loadstring('error("x")', '=chunk'))
!return select(2, pcall(loadstring('error("x")', '=chunk')))
!return select(2, pcall(loadstring('error("x")')))
!return select(2, pcall(loadstring('local x = nil; x.y = 1', '@file')))
!loadstring('error("x")')()
!loadstring('\\n\\nerror("x")', '@other')()
!local n = 0 return load(function() n = n + 1 return ({'return ', '1 ', '+ 2'})[n] end)()
!return select(2, load(function() return {} end))
!return select(2, load(function() error('x') end))
!return type(load(function() return nil end))
!return select(2, pcall(load, function() error('x') end))
!return select(3, pcall(load, function() error('x') end))
!return #loadstring('')
!local function f(n) return n == 0 and '1' or '(' .. f(n - 1) .. ')' end return {loadstring('return ' .. f(150)) ~= nil, select(2, loadstring('return ' .. f(250)))}
!local function f(n) return n == 0 and '1' or '{' .. f(n - 1) .. '}' end return {loadstring('return ' .. f(150)) ~= nil, select(2, loadstring('return ' .. f(250)))}
!local t = {} for i = 1, 250 do t[i] = 'x' end return select(2, loadstring('local ' .. table.concat(t, ',')))
!local t = {} for i = 1, 199 do t[i] = 'x' .. i end return loadstring('local ' .. table.concat(t, ',') .. ' = 1 return x1')()
!local t = {} for i = 1, 61 do t[i] = 'x' .. i end local n = table.concat(t, ',') return select(2, loadstring('local ' .. n .. '\\nreturn function() return ' .. n .. ' end'))
!return select(2, loadstring(('do '):rep(250) .. ('end '):rep(250)))
!return loadstring(('do '):rep(150) .. ('end '):rep(150)) ~= nil
!return loadstring('return ' .. ('1 + '):rep(3000) .. '1')()
!return #loadstring('return ' .. ('"x" .. '):rep(150) .. '"x"')()
!return select(2, loadstring('return ' .. ('"x" .. '):rep(250) .. '"x"'))
!return loadstring('local x = 0 ' .. ('x = x + 1 '):rep(2000) .. ' return x')()
!local t = {} for i = 1, 2000 do t[i] = i end return #loadstring('return {' .. table.concat(t, ',') .. '}')()
`)

const strings = shown(String.raw`
("hello"):byte(1, -1), ("hello"):byte(), ("hello"):byte(10), ("hello"):byte(-2, -1), ("hello"):byte(0), ("x"):byte(1, 0)
string.char(), string.char(72, 105), string.char(0, 255), string.char("65"), string.char(65.7)
("hello"):sub(2), ("hello"):sub(2, 3), ("hello"):sub(-3), ("hello"):sub(-3, -2), ("hello"):sub(0), ("hello"):sub(10), ("hello"):sub(3, 2), ("hello"):sub(-100, 100), ("hello"):sub("2", "3"), ("hello"):sub(2.9)
("AbC"):lower(), ("AbC"):upper(), ("\200\228"):upper(), ("abc"):reverse(), (""):reverse(), ("abc"):len(), ("a\0b"):len()
("ab"):rep(3), ("ab"):rep(0), ("ab"):rep(-1), ("ab"):rep(2.9), (5):rep == nil
("hello world"):find("wor"), ("hello"):find("l"), ("hello"):find("xyz"), ("hello"):find(""), ("hello"):find("", 10), ("hello"):find("", 6), ("hello"):find("l", -2), ("hello"):find("h", -100)
("a.b"):find(".", 1, true), ("a.b"):find("%."), ("a+b"):find("+", 1, true), ("a+b"):find("+"), ("hello"):find("(l)(l)"), ("hello"):find("()ll()")
("hello"):match("h(.)l"), ("hello"):match("l+"), ("hello"):match("x"), ("hello"):match("()"), ("hello"):match(".", 3), ("hello"):match("^l"), ("hello"):match("^h"), ("hello"):match("o$"), ("hello"):match("l$")
("key = value"):match("^(%w+)%s*=%s*(%w+)$"), ("2024-01-02"):match("(%d+)-(%d+)-(%d+)"), ("  trim  "):match("^%s*(.-)%s*$")
("abc"):gsub("b", "x"), ("abc"):gsub("", "-"), ("abc"):gsub(".", "%0%0"), ("abc"):gsub("(a)(b)", "%2%1"), ("abc"):gsub("b", "%%"), ("aaa"):gsub("a", "b", 2), ("aaa"):gsub("a", "b", 0), ("aaa"):gsub("a", "b", -1)
("hello world"):gsub("o", {o = "0"}), ("hello"):gsub("l", {}), ("hello"):gsub("l", {l = false}), ("hello"):gsub("l", {l = 5}), ("$name is $age"):gsub("%$(%w+)", {name = "Bob", age = 42})
("hello"):gsub("l", function(c) return c:upper() end), ("hello"):gsub("l", function() end), ("hello"):gsub("(l)(.)", function(a, b) return b .. a end), ("abc"):gsub("%w", function(c) return false end)
("abc"):gsub("^a", "x"), ("aaa"):gsub("^a", "x"), ("abc"):gsub("c$", "x"), ("a b c"):gsub(" ", ""), ("abc"):gsub("b*", "x"), ("abc"):gsub("x*", "-"), (""):gsub("", "x"), (""):gsub("^", "x"), ("abc"):gsub("$", "!")
("hello"):gsub("l", "%1"), ("x"):gsub("x", "%z"), ("x"):gsub(".", "a%"), ("x y"):gsub("(%w) (%w)", "%2 %1 %0")
("THE (quick) fox"):find("%((%a+)%)"), ("f(a(b)c)d"):match("%b()"), ("[[x]]"):match("%b[]"), ("no"):match("%b()"), ("((x)"):match("%b()")
("THE (quick) fox"):gsub("%f[%a]%a+", "W"), ("hello world"):match("%f[%w]%w+%f[%W]", 2), ("a,b"):gsub("%f[,]", "|")
("abc123"):match("%a+"), ("abc123"):match("%d+"), ("abc 123"):match("%s"), ("a_b"):match("[%w_]+"), ("x-y"):match("[x%-]+"), ("a]b"):match("[]]"), ("a^b"):match("[%^]"), ("a-z"):match("[a-]+"), ("b"):match("[^a]"), ("]"):match("[^]]") == nil
("\0a"):match("%z"), ("\1"):match("%c"), ("A"):match("%u"), ("a"):match("%l"), ("!"):match("%p"), ("F"):match("%x"), ("g"):match("%x") == nil, ("a"):match("%A") == nil, ("1"):match("%D") == nil, ("x"):match("%X"), (" "):match("%S") == nil, ("\200"):match("%a") == nil
("aXb"):gsub("%u", "%%%0"), ("abab"):match("(a)(b)%1%2"), ("abcabc"):match("(...)%1"), ("abcd"):match("(.)%1") == nil, ("\"x'y\""):match("([\"'])(.-)%1")
("aaa"):match("a-"), ("aaab"):match("a-b"), ("aaa"):match("a?a?a?a?"), ("ac"):match("ab?c"), ("abbc"):match("ab*c"), ("ac"):match("ab+c") == nil, ("a.b"):match("a%.b"), ("aXb"):match("a.b")
("x"):match("[a-z]"), ("5"):match("[0-46-9]") == nil, ("b"):match("[abc-]"), ("%"):match("[%%]"), ("d"):match("[%d]") == nil, ("5"):match("[%d]"), ("a"):match("[^%d]"), ("x"):match("[%a%d_]")
("abc"):find("b", 1, false), ("a\0b"):find("\0"), ("a\0b"):find("b"), ("a\0b"):match("%z(.)"), ("a\0bc"):gsub("%z", "0"), #("a\0b"):rep(2)
!local t = {} for w in ('one two  three'):gmatch('%a+') do t[#t + 1] = w end return t
!local t = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do t[#t + 1] = k .. v end return t
!local t = {} for p in ('abc'):gmatch('()') do t[#t + 1] = p end return t
!local t = {} for w in ('abc'):gmatch('') do t[#t + 1] = '[' .. w .. ']' end return t
!local t = {} for w in ('aXbXc'):gmatch('[^X]*') do t[#t + 1] = '[' .. w .. ']' end return t
!local t = {} for w in ('^a^b'):gmatch('^a') do t[#t + 1] = w end return t
!local t = {} for w in string.gfind('a b', '%a') do t[#t + 1] = w end return t
string.format("%d %i %u", 3, 4, 5), string.format("%5d|%-5d|%05d", 42, 42, 42), string.format("%+d % d", 5, 5), string.format("%d", 3.99), string.format("%d", -3.99), string.format("%.3d", 5), string.format("%d", "10")
string.format("%x %X %o", 255, 255, 8), string.format("%#x %#o", 255, 8), string.format("%x", -1), string.format("%08x", 48879), string.format("%u", -1)
string.format("%f", 3.14159), string.format("%.2f", 3.14159), string.format("%10.3f|", 3.14159), string.format("%-10.1f|", 2.55), string.format("%.0f", 0.5), string.format("%.0f", 1.5), string.format("%+.1f", 2), string.format("%#.0f", 3), string.format("%f", 1e15), string.format("%.20f", 0.1)
string.format("%e", 12345.678), string.format("%.2e", 0), string.format("%E", 1e-10), string.format("%.0e", 15), string.format("%g", 100000), string.format("%g", 1000000), string.format("%g", 1e-5), string.format("%.3g", 1234.5), string.format("%G", 1e-10), string.format("%#g", 1), string.format("%.14g", 0.1), string.format("%.17g", 0.1), string.format("%g", 0), string.format("%010g", -1.5)
string.format("%f", 1 / 0), string.format("%d", 2 ^ 53), string.format("%5.1f|%5s", -1 / 0, "x"), string.format("%g", -1 / 0), string.format("%.99f", 1 / 3)
string.format("%s %s %s", "a", 1, 1.5), string.format("%5s|%-5s|", "ab", "ab"), string.format("%.2s", "abc"), string.format("%5.1s|", "abc"), string.format("%s", ("x"):rep(200)), string.format("%s", "a\0b"), string.format("%10s", ("y"):rep(120))
string.format("%c%c%c", 72, 105, 33), string.format("%c", 0), string.format("%5c|", 65), string.format("%-3c|", 65), string.format("%%"), string.format("%5%"), string.format("100%% %s", "x")
string.format("%q", "a \"quoted\"\nline\\ \0 \r end"), string.format("%q", 5), string.format("no directives"), string.format("%s"):len == nil
string.format("%s %s", 1, 2, 3), string.format("%1$s", "x") == nil
tostring(nil), tostring(true), tostring(12), tostring("x"), tostring(-0.0), tostring(1e16), tostring(.1e-10)
tonumber("10"), tonumber("0x1F"), tonumber("  5  "), tonumber("5x"), tonumber(""), tonumber(" "), tonumber("1e1"), tonumber("1e"), tonumber("."), tonumber(".5"), tonumber("5."), tonumber("0x"), tonumber("-5"), tonumber("+5"), tonumber("- 5"), tonumber("1_000")
tonumber("inf"), tonumber("-inf"), tonumber("infinity"), tonumber("0x1p4"), tonumber("0x.8"), tonumber("1e400"), tonumber("10\0"), tonumber("10\0x"), tonumber("1 2"), tonumber("\n5\t")
tonumber("ff", 16), tonumber("FF", 16), tonumber("0xff", 16), tonumber("zz", 36), tonumber("8", 8), tonumber("777", 8), tonumber("101", 2), tonumber("2", 2), tonumber("-ff", 16), tonumber(" 11 ", 2), tonumber("1.5", 16), tonumber(10, 16), tonumber("", 16), tonumber("99999999999999999999", 10)
tonumber(nil), tonumber(true), tonumber({}), tonumber("abc"), tonumber(5), tonumber("5", 10), tonumber("1e1", 10)
type(1), type("x"), type(nil), type({}), type(print == nil), type(type), type(cjson.null), type(coroutine.create(function() end))
#tostring({}) > 7, tostring({}):match("^table: 0x%x+$") ~= nil, tostring(type):match("^function: ") ~= nil, tostring(function() end):match("^function: 0x") ~= nil, tostring(coroutine.create(function() end)):match("^thread: ") ~= nil, tostring(cjson.null)
"a" .. 1 .. 2.5, 1 .. "", 0.1 .. "", 1e20 .. "", -0 .. "", 100 .. "", 2 ^ 31 .. ""
"abc" < "abd", "abc" < "abcd", "" < "\0", "\255" > "a", "a" < "\228", "10" < "9", "Z" < "a"
`)

const tables = shown(String.raw`
table.concat({}), table.concat({1, 2, 3}), table.concat({1, 2, 3}, ", "), table.concat({1, 2, 3}, ",", 2), table.concat({1, 2, 3}, ",", 2, 3), table.concat({1, 2, 3}, ",", 3, 2), table.concat({"a", 1.5, "b"}, 0), table.concat({1e15, 0.1}, " ")
table.getn({1, 2, 3}), table.maxn({1, 2, [10] = 3, [1.5] = 1}), table.maxn({}), table.maxn({[-1] = 1}), select("#", table.remove({})), table.remove({1, 2, 3}), table.remove({1, 2, 3}, 1), table.remove({1, 2}, 5)
!local t = {} table.insert(t, 'a') table.insert(t, 1, 'b') table.insert(t, 2, 'c') return t
!local t = {1, 2, 3} table.insert(t, 10, 'x') return {#t, t[10]}
!local t = {1, 2, 3} table.insert(t, 0, 'x') return {t[0], t[1], t[2], t[3], t[4] == nil}
!local t = {1, 2, 3} local r = table.remove(t, 2) return {r, t}
!local t = {1, 2, 3} table.remove(t) table.remove(t) table.remove(t) table.remove(t) return #t
!local t = {n = 0} return {table.remove(t), #t}
!local t = {5, 2, 8, 1, 9, 3} table.sort(t) return t
!local t = {5, 2, 8, 1, 9, 3} table.sort(t, function(a, b) return a > b end) return t
!local t = {'b', 'A', 'c', 'B', '10', '9'} table.sort(t) return t
!local t = {1, 'x'} table.sort(t)
!local t = {{}, {}} table.sort(t)
!local t = {3, 1, 2} table.sort(t, function(a, b) return true end) return t
!local t = {} for i = 1, 50 do t[i] = (i * 7919) % 101 end table.sort(t) return t
!local t = {} for i = 1, 40 do t[i] = {k = (i * 31) % 5, i = i} end table.sort(t, function(a, b) return a.k < b.k end) local r = {} for i, v in ipairs(t) do r[i] = v.k .. ':' .. v.i end return r
!local t = {} for i = 1, 10 do t[i] = i end table.sort(t, function(a, b) return true end) return #t
!local t = {3, 2, nil, 1} table.sort(t)
!table.sort({1, 2, 3}, 5)
!table.sort({3, 1, 2}, function(a, b) error('cmp') end)
!local r = {} table.foreach({a = 1}, function(k, v) r[#r + 1] = k r[#r + 1] = v end) return r
!local r = {} table.foreachi({5, 6, 7}, function(i, v) r[#r + 1] = i * v if i == 2 then return 'stop' end end) return r
!return {table.foreachi({5, 6, 7}, function(i, v) if i == 2 then return 'stop' end end)}
!table.setn({}, 1)
!local r = {} for i, v in ipairs({1, 2, nil, 4}) do r[#r + 1] = v end return r
!local r = {} for k, v in pairs({10, 20, 30}) do r[#r + 1] = k .. '=' .. v end return r
!local r = {} for k, v in next, {10, 20} do r[#r + 1] = k .. '=' .. v end return r
!local t = {a = 1, b = 2, c = 3} for k in pairs(t) do t[k] = nil end return next(t) == nil
!local t = {1, 2, 3} for k in pairs(t) do t[k] = nil end return #t
{a = 1, b = 2, c = 3, d = 4, e = 5}
{alpha = 1, beta = 2, gamma = 3, delta = 4, epsilon = 5, zeta = 6, eta = 7, theta = 8, iota = 9}
{[1] = 1, [2] = 2, [3] = 3, [10] = 10, [100] = 100, [1000] = 1000}
{[1.5] = 1, [2.5] = 2, [-1] = 3, [0] = 4, [1e10] = 5}
{[true] = 1, [false] = 2, x = 3, [1] = 4}
{1, 2, 3, x = 1, y = 2, z = 3}
{user = {name = "x", id = 5, tags = {"a", "b"}}, at = 10}
!local t = {} for i = 1, 20 do t['key' .. i] = i end local r = {} for k in pairs(t) do r[#r + 1] = k end return r
!local t = {} for i = 20, 1, -1 do t[i] = i end local r = {} for k in pairs(t) do r[#r + 1] = k end return r
!local t = {} for i = 1, 40, 3 do t[i] = i end local r = {} for k in pairs(t) do r[#r + 1] = k end return r
!local t = {} for i = 1, 10 do t['k' .. i] = i end for i = 1, 10, 2 do t['k' .. i] = nil end for i = 11, 14 do t['k' .. i] = i end local r = {} for k in pairs(t) do r[#r + 1] = k end return r
!local t = {} for i = 1, 10 do t[i * 1.5] = i end local r = {} for k in pairs(t) do r[#r + 1] = tostring(k) end return r
!local t = {} for w in ('the quick brown fox jumps over the lazy dog and runs away from it'):gmatch('%a+') do t[w] = (t[w] or 0) + 1 end local r = {} for k, v in pairs(t) do r[#r + 1] = k .. v end return r
!local t = {x = 1} t.y = 2 t.z = 3 t.w = 4 t.x = nil t.v = 5 t.u = 6 local r = {} for k in pairs(t) do r[#r + 1] = k end return r
!local t = {1, 2, 3, 4} t.n = 4 t[5] = 5 t[6] = 6 t.m = 1 local r = {} for k in pairs(t) do r[#r + 1] = tostring(k) end return r
!local t = {} t[4] = 4 t[3] = 3 t[2] = 2 t[1] = 1 local r = {} for k in pairs(t) do r[#r + 1] = k end return {r, #t}
!local t = {} for i = 1, 9 do t[-i] = i end local r = {} for k in pairs(t) do r[#r + 1] = k end return r
unpack({1, 2, 3}), unpack({1, 2, 3}, 2), unpack({1, 2, 3}, 2, 3), unpack({}, 1, 3), unpack({1, nil, 3}), unpack({1, 2}, -1, 1)
select(1, "a", "b"), select(2, "a", "b"), select(-1, "a", "b"), select("#"), select("#", nil), select(3, "a")
next({}), next({5}), next({a = 1}), rawget({5}, 1), rawequal("a", "a"), rawequal({}, {}), rawlen == nil
`.replace(", rawlen == nil", ""))

const mathematics = shown(String.raw`
math.abs(-5), math.abs("-5"), math.ceil(1.2), math.ceil(-1.2), math.ceil(-0.5), math.floor(1.8), math.floor(-1.8), math.floor("3.7"), math.huge, -math.huge
math.max(1, 3, 2), math.max("10", 9), math.min(1, 3, 2), math.min(-1, "-2"), math.max(5), math.pow(2, 10), math.sqrt(16), math.sqrt(2)
math.fmod(7, 3), math.fmod(-7, 3), math.mod(7, 3), math.modf(3.7), math.modf(-3.7), math.modf(5), math.modf(1 / 0), math.modf(-1 / 0)
math.frexp(8), math.frexp(0), math.frexp(-3), math.frexp(0.1), math.frexp(5e-324), math.ldexp(0.5, 4), math.ldexp(1, -1074), math.ldexp(1, 2000)
math.exp(0), math.log(1), math.log10(1000), math.log(math.exp(1)) == 1, math.deg(math.pi), math.rad(180), math.pi
string.format("%.10f", math.sin(1)), string.format("%.10f", math.cos(1)), string.format("%.10f", math.tan(1)), string.format("%.10f", math.asin(1)), string.format("%.10f", math.acos(0)), string.format("%.10f", math.atan(1)), string.format("%.10f", math.atan2(1, 2)), string.format("%.10f", math.sinh(1)), string.format("%.10f", math.cosh(1)), string.format("%.10f", math.tanh(1))
!return {math.random(100), math.random(100), math.random(5, 10), tostring(math.random())}
!return {math.random(100), math.random(100), math.random(-5, 5), tostring(math.random())}
!math.randomseed(42) return {math.random(100), math.random(100), tostring(math.random())}
!math.randomseed(-1) return {math.random(1000), math.random(1000)}
!math.randomseed(0) return {math.random(1000), math.random(1000)}
!math.randomseed(1e12) return {math.random(1000), math.random(1000)}
!math.randomseed('7') return {math.random(1, 1), math.random(1000)}
!math.randomseed()
bit.tobit(0xffffffff), bit.tobit(2 ^ 31), bit.tobit(2 ^ 32 + 1), bit.tobit(-1), bit.tobit(1.5), bit.tobit(2.5), bit.tobit("5"), bit.tobit(2 ^ 40 + 7)
bit.bnot(0), bit.bnot(-1), bit.band(0xff, 0x0f), bit.band(-1), bit.band(7, 6, 5), bit.bor(1, 2, 4), bit.bxor(0xff, 0x0f, 1)
bit.lshift(1, 31), bit.lshift(1, 32), bit.lshift(1, 33), bit.rshift(-1, 1), bit.rshift(-1, 28), bit.arshift(-8, 2), bit.arshift(-1, 31), bit.lshift(1, -1)
bit.rol(0x12345678, 8), bit.ror(0x12345678, 8), bit.rol(1, 0), bit.ror(1, 0), bit.bswap(0x12345678), bit.bswap(-1)
bit.tohex(255), bit.tohex(255, 4), bit.tohex(255, -4), bit.tohex(-1), bit.tohex(0xabcdef, 0), bit.tohex(0xabcdef, 20), bit.tohex(0xabcdef, -2), bit.tohex(1.5)
!bit.band()
!bit.band({})
!bit.band('x')
!bit.lshift(1)
!bit.tohex(1, 'x')
`)

const coroutines = shown(String.raw`
!local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) local d, e = coroutine.yield(c * 2) return d + e end) local r = {} for _, args in ipairs({{1, 2}, {10}, {3, 4}}) do local ok, v = coroutine.resume(co, unpack(args)) r[#r + 1] = tostring(ok) r[#r + 1] = v end r[#r + 1] = coroutine.status(co) local ok, e = coroutine.resume(co) r[#r + 1] = tostring(ok) r[#r + 1] = e return r
!local f = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) return {f(), f(), f(), f() == nil}
!local f = coroutine.wrap(function() end) f() f()
!local f = coroutine.wrap(function() error('in wrap') end) f()
!local f = coroutine.wrap(function() error({err = 'table in wrap'}) end) f()
!local f = coroutine.wrap(function() local x = nil; return x.y end) f()
!local co = coroutine.create(function() error('x') end) local ok, e = coroutine.resume(co) return {tostring(ok), e, coroutine.status(co)}
!local co = coroutine.create(function() error({1}) end) local ok, e = coroutine.resume(co) return {tostring(ok), type(e)}
!local co co = coroutine.create(function() return coroutine.status(co) end) local s = coroutine.status(co) local _, r = coroutine.resume(co) return {s, r, coroutine.status(co)}
!local co co = coroutine.create(function() return select(2, coroutine.resume(co)) end) return {coroutine.resume(co)}
!local a, b a = coroutine.create(function() coroutine.resume(b) return 1 end) b = coroutine.create(function() r = nil return coroutine.status(a) end) return {coroutine.resume(a)}
!local a a = coroutine.create(function() local b = coroutine.create(function() return coroutine.status(a) end) return select(2, coroutine.resume(b)) end) return select(2, coroutine.resume(a))
!return coroutine.running() == nil
!local co = coroutine.create(function() return type(coroutine.running()) end) return select(2, coroutine.resume(co))
!local co = coroutine.wrap(function() return pcall(function() coroutine.yield(1) end) end) return {co()}
!local co = coroutine.wrap(function() local t = {3, 1, 2} table.sort(t, function(a, b) coroutine.yield(1) return a < b end) end) return {pcall(co)}
!local co = coroutine.wrap(function() return coroutine.yield(1) end) return {co(), co(2)}
!local co = coroutine.wrap(function(...) while true do local r = {coroutine.yield(select('#', ...))} if r[1] == 'stop' then return 'end' end end end) return {co(1, 2, 3), co(), co('stop')}
!local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end local r = {} for i in gen(4) do r[#r + 1] = i end return r
!local function perm(a, n) if n == 0 then coroutine.yield(table.concat(a)) else for i = 1, n do a[n], a[i] = a[i], a[n] perm(a, n - 1) a[n], a[i] = a[i], a[n] end end end local r = {} for p in coroutine.wrap(function() perm({1, 2, 3}, 3) end) do r[#r + 1] = p end return r
!local co = coroutine.create(function() return redis.call('ping') end) local ok, r = coroutine.resume(co) return r
!local co = coroutine.wrap(function() return redis.call('nocommand') end) return co()
!local co = coroutine.create(function() return redis.call('nocommand') end) local ok, e = coroutine.resume(co) return {tostring(ok), type(e), e.err}
!local t = setmetatable({}, {__index = function(t, k) return coroutine.yield(k) end}) local co = coroutine.wrap(function() return t.x end) return {pcall(co)}
!local co = coroutine.wrap(function() for k in coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end) do coroutine.yield(k) end return 'done' end) return {co(), co(), co()}
!local function f(n) if n == 0 then return 'deep' end local co = coroutine.wrap(f) return co(n - 1) end return f(50)
!local function f(n) local co = coroutine.create(f) local ok, e = coroutine.resume(co, n + 1) if not ok then return n .. ': ' .. tostring(e) end return e end return f(1)
!local function f(n) local ok, e = pcall(f, n + 1) if not ok then return n .. ' ' .. tostring(e) end return e end return f(1)
`)

const json = shown(String.raw`
cjson.encode({}), cjson.encode({1, 2, 3}), cjson.encode({a = 1}), cjson.encode("x"), cjson.encode(5), cjson.encode(true), cjson.encode(nil), cjson.encode(cjson.null)
cjson.encode({1, nil, 3}), cjson.encode({[1] = 1, [3] = 3}), cjson.encode({1, 2, x = 3}), cjson.encode({[1] = "a", [2] = "b"}), cjson.encode({["1"] = "a"}), cjson.encode({[0] = 1}), cjson.encode({[1.5] = 1}), cjson.encode({[-1] = 1})
cjson.encode({name = "Ada", age = 36, tags = {"a", "b"}, nested = {x = {y = {}}}, ok = true, nothing = cjson.null})
cjson.encode(0.1), cjson.encode(1 / 3), cjson.encode(1e15), cjson.encode(1e14), cjson.encode(123456789012345), cjson.encode(-0), cjson.encode(100), cjson.encode(1e100), cjson.encode(2 ^ 53), cjson.encode(1.5)
cjson.encode("a\"b\\c/d\b\f\n\r\t\0\1\31\127\128\255"), cjson.encode("h\195\169"), cjson.encode("")
cjson.encode({{}, {{}}}), cjson.encode({[1] = {[1] = {[1] = 1}}}), cjson.encode({{a = 1}, {b = 2}})
cjson.decode("{}"), cjson.decode("[]"), cjson.decode("[1,2,3]"), cjson.decode("{\"a\":1}"), cjson.decode("\"x\""), cjson.decode("5"), cjson.decode("true"), cjson.decode("false"), cjson.decode("null")
cjson.decode("[1,null,3]"), cjson.decode("{\"a\":null}"), cjson.decode(" [ 1 , 2 ] "), cjson.decode("{\"a\":{\"b\":[1,{\"c\":2}]}}"), cjson.decode("[[],{}]")
cjson.decode("-5"), cjson.decode("1.5e3"), cjson.decode("1E-2"), cjson.decode("0.1"), cjson.decode("12345678901234567890"), cjson.decode("1e400"), cjson.decode("-0")
cjson.decode("0x10"), cjson.decode("010"), cjson.decode("inf"), cjson.decode("Infinity"), cjson.decode("-inf"), cjson.decode("+5"), cjson.decode("[.5]") == nil
cjson.decode("\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\""), cjson.decode("\"\\n\\t\\\"\\\\\\/\\b\\f\\r\""), cjson.decode("\"a\\u0000b\""), cjson.decode("\"raw\ttab\"")
cjson.decode("{\"b\":1,\"a\":2,\"c\":3,\"z\":4,\"y\":5}"), cjson.encode(cjson.decode("{\"b\":1,\"a\":2,\"c\":{\"z\":[]}}")), cjson.decode("{\"a\":1,\"a\":2}")
cjson.encode(cjson.decode("[1,null,{\"x\":null}]")), cjson.encode(cjson.decode("[]")), cjson.encode(cjson.decode("{}")), cjson.decode("[1,2,3]")[2], cjson.decode("null") == cjson.null
!cjson.encode()
!cjson.encode(1, 2)
!cjson.encode(function() end)
!cjson.encode({function() end})
!cjson.encode({[{}] = 1})
!cjson.encode({[true] = 1})
!cjson.encode(1 / 0)
!cjson.encode(0 / 0)
!cjson.encode({x = -1 / 0})
!cjson.encode(coroutine.create(function() end))
!cjson.encode({[1] = 1, [100] = 2})
!local t = {} t.t = t cjson.encode(t)
!cjson.decode()
!cjson.decode(1, 2)
!cjson.decode({})
!cjson.decode('')
!cjson.decode(' ')
!cjson.decode('{')
!cjson.decode('[')
!cjson.decode('[1')
!cjson.decode('[1,')
!cjson.decode('[1 2]')
!cjson.decode('{"a"')
!cjson.decode('{"a":')
!cjson.decode('{"a" 1}')
!cjson.decode('{"a":1 "b":2}')
!cjson.decode('{a:1}')
!cjson.decode('{1:1}')
!cjson.decode('[1] x')
!cjson.decode('[1]]')
!cjson.decode('tru')
!cjson.decode('nul')
!cjson.decode('True')
!cjson.decode('x')
!cjson.decode('.5')
!cjson.decode('-')
!cjson.decode('+')
!cjson.decode('"abc')
!cjson.decode('"\\\\x"')
!cjson.decode('"\\\\u12"')
!cjson.decode('"\\\\ud800"')
!cjson.decode('"\\\\ud800\\\\u0041"')
!cjson.decode('"\\\\udc00\\\\ud800"')
!cjson.decode('[1,]')
!cjson.decode('{"a":1,}')
!cjson.decode('1 2')
!cjson.decode('\\0\\0')
!cjson.decode(5)
!return cjson.decode(5)
!cjson.decode(('['):rep(1001) .. (']'):rep(1001))
!return #cjson.encode(cjson.decode(('['):rep(500) .. (']'):rep(500)))
!local t = {} for i = 1, 999 do t = {t} end return #cjson.encode(t)
!local t = {} for i = 1, 1001 do t = {t} end return #cjson.encode(t)
cjson.encode_sparse_array(), cjson.encode_max_depth(), cjson.decode_max_depth(), cjson.encode_number_precision(), cjson.encode_keep_buffer(), cjson.encode_invalid_numbers(), cjson.decode_invalid_numbers()
!cjson.encode_number_precision(3) local s = cjson.encode(1 / 3) cjson.encode_number_precision(14) return s
!cjson.encode_number_precision(15)
!cjson.encode_number_precision(0)
!cjson.encode_number_precision('x')
!cjson.encode_number_precision(1, 2)
!cjson.encode_sparse_array(true) local s = cjson.encode({[1] = 1, [100] = 2}) cjson.encode_sparse_array(false) return s
!cjson.encode_sparse_array(false, 0) local s = #cjson.encode({[1] = 1, [100] = 2}) cjson.encode_sparse_array(false, 2) return s
!cjson.encode_sparse_array('x')
!cjson.encode_sparse_array(true, 1, 2, 3)
!cjson.encode_invalid_numbers('null') local s = cjson.encode({1 / 0, 0 / 0}) cjson.encode_invalid_numbers(false) return s
!cjson.encode_invalid_numbers(true) local s = cjson.encode({1 / 0, 0 / 0}) cjson.encode_invalid_numbers('off') return s
!cjson.decode_invalid_numbers(false) local ok, e = pcall(cjson.decode, '[0x10]') local ok2, e2 = pcall(cjson.decode, 'inf') cjson.decode_invalid_numbers(true) return {e, e2}
!cjson.encode_max_depth(2) local ok, e = pcall(cjson.encode, {{{}}}) cjson.encode_max_depth(1000) return e
!cjson.decode_max_depth(2) local ok, e = pcall(cjson.decode, '[[[]]]') cjson.decode_max_depth(1000) return e
cjson._NAME, cjson._VERSION, type(cjson.new), type(cjson.null)
!cjson.x = 1
!return cjson.x == nil
!local c = cjson.new() return c.encode({1, c.null})
`.replace(", cjson.decode(\"[.5]\") == nil", ""))

/** A text of Lua as hexadecimal digits. */
const hex = "local function hex(s) return (s:gsub('.', function(c) return string.format('%02x', c:byte()) end)) end "

const binary = (expressions: string): string =>
  expressions.trim().split("\n").map((line) =>
    `EVAL ${word(line.startsWith("!") ? line.slice(1) : `${show}\n${hex}\nreturn all(${line})`)} 0`
  ).join("\n")

const packing = binary(String.raw`
hex(cmsgpack.pack(1)), hex(cmsgpack.pack(-1)), hex(cmsgpack.pack(127)), hex(cmsgpack.pack(128)), hex(cmsgpack.pack(255)), hex(cmsgpack.pack(256)), hex(cmsgpack.pack(65535)), hex(cmsgpack.pack(65536)), hex(cmsgpack.pack(2 ^ 32)), hex(cmsgpack.pack(2 ^ 53))
hex(cmsgpack.pack(-32)), hex(cmsgpack.pack(-33)), hex(cmsgpack.pack(-128)), hex(cmsgpack.pack(-129)), hex(cmsgpack.pack(-32768)), hex(cmsgpack.pack(-32769)), hex(cmsgpack.pack(-2147483648)), hex(cmsgpack.pack(-2147483649)), hex(cmsgpack.pack(-2 ^ 53))
hex(cmsgpack.pack(1.5)), hex(cmsgpack.pack(0.1)), hex(cmsgpack.pack(1 / 0)), hex(cmsgpack.pack(-1 / 0)), hex(cmsgpack.pack(1e300)), hex(cmsgpack.pack(-0.5)), hex(cmsgpack.pack(0))
hex(cmsgpack.pack(nil)), hex(cmsgpack.pack(true)), hex(cmsgpack.pack(false)), hex(cmsgpack.pack("abc")), hex(cmsgpack.pack("")), hex(cmsgpack.pack(("x"):rep(31))):sub(1, 4), hex(cmsgpack.pack(("x"):rep(32))):sub(1, 6), hex(cmsgpack.pack(("x"):rep(256))):sub(1, 8), hex(cmsgpack.pack(("x"):rep(65536))):sub(1, 12)
hex(cmsgpack.pack({})), hex(cmsgpack.pack({1, 2, 3})), hex(cmsgpack.pack({a = 1})), hex(cmsgpack.pack({1, nil, 3})), hex(cmsgpack.pack({[1] = 1, [3] = 3})), hex(cmsgpack.pack({x = {y = {1}}})), hex(cmsgpack.pack({a = 1, b = 2, c = 3}))
hex(cmsgpack.pack(1, "a", {})), hex(cmsgpack.pack(function() end)), hex(cmsgpack.pack(cjson.null)), hex(cmsgpack.pack({1.5, -1})), hex(cmsgpack.pack({[0] = 1})), hex(cmsgpack.pack({[1.5] = 2}))
!local t = {} for i = 1, 20 do t[i] = i end return #cmsgpack.pack(t)
!local t = {} for i = 1, 70000 do t[i] = 1 end return #cmsgpack.pack(t)
!local t = {} for i = 1, 20 do t['k' .. i] = i end return #cmsgpack.pack(t)
!local t = {} t.t = t return #cmsgpack.pack(t)
!local t = {} for i = 1, 30 do t = {t} end return #cmsgpack.pack(t)
cmsgpack.unpack("\1"), cmsgpack.unpack("\255"), cmsgpack.unpack("\204\200"), cmsgpack.unpack("\205\1\0"), cmsgpack.unpack("\206\1\0\0\0"), cmsgpack.unpack("\207\0\0\0\1\0\0\0\0"), cmsgpack.unpack("\208\128"), cmsgpack.unpack("\209\128\0"), cmsgpack.unpack("\210\128\0\0\0"), cmsgpack.unpack("\211\255\255\255\255\255\255\255\255"), cmsgpack.unpack("\207\255\255\255\255\255\255\255\255")
cmsgpack.unpack("\192"), cmsgpack.unpack("\194"), cmsgpack.unpack("\195"), cmsgpack.unpack("\202\63\192\0\0"), cmsgpack.unpack("\203\63\248\0\0\0\0\0\0"), cmsgpack.unpack("\163abc"), cmsgpack.unpack("\217\3abc"), cmsgpack.unpack("\218\0\3abc"), cmsgpack.unpack("\219\0\0\0\3abc")
cmsgpack.unpack("\147\1\2\3"), cmsgpack.unpack("\220\0\2\1\2"), cmsgpack.unpack("\221\0\0\0\1\5"), cmsgpack.unpack("\129\161a\1"), cmsgpack.unpack("\222\0\1\161a\1"), cmsgpack.unpack("\223\0\0\0\1\161a\1"), cmsgpack.unpack("\147\1\192\3")
cmsgpack.unpack("\1\2\3"), cmsgpack.unpack(""), cmsgpack.unpack_one("\1\2\3"), cmsgpack.unpack_one("\1\2\3", 1), cmsgpack.unpack_one("\1\2\3", 2), cmsgpack.unpack_one("\1\2\3", 3), cmsgpack.unpack_limit("\1\2\3", 2), cmsgpack.unpack_limit("\1\2\3", 2, 1), cmsgpack.unpack_limit("\1\2\3", 10), cmsgpack.unpack_limit("\1", 0)
cmsgpack.unpack(cmsgpack.pack({a = {1, 2, {b = "c"}}, d = 1.25, e = "x"})), cmsgpack._NAME, cmsgpack._VERSION, cmsgpack._COPYRIGHT, cmsgpack._DESCRIPTION
!cmsgpack.pack()
!cmsgpack.unpack()
!cmsgpack.unpack({})
!cmsgpack.unpack('\193')
!cmsgpack.unpack('\163ab')
!cmsgpack.unpack('\204')
!cmsgpack.unpack('\147\1')
!cmsgpack.unpack('\129\161a')
!cmsgpack.unpack('\129\192\1')
!cmsgpack.unpack('\221\255\255\255\255')
!cmsgpack.unpack_one('\1', 5)
!cmsgpack.unpack_one('\1', -1)
!cmsgpack.unpack_limit('\1', -1)
!cmsgpack.unpack_limit('\1')
!cmsgpack.unpack_one()
hex(struct.pack("b", 1)), hex(struct.pack("B", 255)), hex(struct.pack("h", -1)), hex(struct.pack("H", 258)), hex(struct.pack("i", 1)), hex(struct.pack("I", 2 ^ 32 - 1)), hex(struct.pack("l", -2)), hex(struct.pack("L", 2 ^ 40)), hex(struct.pack("T", 5))
hex(struct.pack(">h", 258)), hex(struct.pack("<h", 258)), hex(struct.pack(">i", 1)), hex(struct.pack(">I3", 66051)), hex(struct.pack("i1", -1)), hex(struct.pack(">i8", -2)), hex(struct.pack("I8", 2 ^ 53))
hex(struct.pack("f", 1.5)), hex(struct.pack("d", 1.5)), hex(struct.pack(">f", 1.5)), hex(struct.pack(">d", -0.1)), hex(struct.pack("x")), hex(struct.pack("s", "abc")), hex(struct.pack("c3", "abcdef")), hex(struct.pack("c0", "abc")), hex(struct.pack("c", "abc"))
hex(struct.pack("!4bi", 1, 2)), hex(struct.pack("!bhild", 1, 2, 3, 4, 5)), hex(struct.pack("!2bi", 1, 2)), hex(struct.pack("b i", 1, 2)), hex(struct.pack(">Bh<h", 1, 2, 3)), hex(struct.pack("bb", "1", 2.9)), hex(struct.pack("")), hex(struct.pack("b", 300)), hex(struct.pack("B", -1))
struct.unpack("b", "\255"), struct.unpack("B", "\255"), struct.unpack("h", "\1\2"), struct.unpack(">h", "\1\2"), struct.unpack("i", "\255\255\255\255"), struct.unpack("I", "\255\255\255\255"), struct.unpack("l", "\255\255\255\255\255\255\255\255"), struct.unpack("L", "\255\255\255\255\255\255\255\255")
struct.unpack("f", "\0\0\192\63"), struct.unpack("d", "\0\0\0\0\0\0\248\63"), struct.unpack("s", "abc\0def"), struct.unpack("c3", "abcdef"), struct.unpack("bc0", "\3abcdef"), struct.unpack("bb", "\1\2", 1), struct.unpack("b", "\1\2\3", 3), struct.unpack("x", "a"), struct.unpack("", "abc"), struct.unpack("!4bi", "\1\0\0\0\2\0\0\0"), struct.unpack("I3", "\1\2\3")
struct.size("b"), struct.size("bhilLT"), struct.size("!bhild"), struct.size("!4bd"), struct.size("c10"), struct.size("fd"), struct.size("x"), struct.size(">i3"), struct.size("")
!struct.pack()
!struct.pack('b')
!struct.pack('b', 'x')
!struct.pack('y', 1)
!struct.pack('c5', 'abc')
!struct.pack('i33', 1)
!struct.pack('!3b', 1)
!struct.pack('i99999999999', 1)
!struct.unpack('b')
!struct.unpack('b', '')
!struct.unpack('i', 'abc')
!struct.unpack('s', 'abc')
!struct.unpack('c0', 'abc')
!struct.unpack('b', 'x', 0)
!struct.unpack('b', 'x', -1)
!struct.unpack('b', 'x', 5)
!struct.unpack('bc0', '\5ab')
!struct.unpack('z', 'ab')
!struct.size('s')
!struct.size('c0')
!struct.size('y')
!struct.size('?')
!struct.size()
`.replace(/hex\(cmsgpack\.pack\(0 \/ 0\)\), /, ""))

const api = String.raw`
SET s abc
SET n 10
RPUSH l a b c
HSET h f1 v1 f2 v2
SADD st m1
ZADD z 1 a 2.5 b
${
  shown(String.raw`
!return redis.call('get', 's')
!return redis.call('GET', 'missing')
!return redis.call('get', 'missing') == false
!return redis.call('incr', 'n')
!return type(redis.call('incr', 'n'))
!return redis.call('lrange', 'l', 0, -1)
!return redis.call('hgetall', 'h')
!return redis.call('smembers', 'st')
!return redis.call('zrange', 'z', 0, -1, 'withscores')
!return redis.call('zscore', 'z', 'b')
!return redis.call('set', 's', 'x')
!return redis.call('set', 's', 'x').ok
!return redis.call('type', 's')
!return redis.call('mget', 's', 'missing', 'n')
!return redis.call('exists', 's', 'n', 'missing')
!return redis.call('lpop', 'missing')
!return redis.call('lpop', 'missing', 2)
!return redis.call('ping')
!return redis.call('ping', 'x')
!return redis.call('echo', 1.5)
!return redis.call('echo', 0.1 + 0.2)
!return redis.call('echo', 1e15)
!return redis.call('echo', 1e17)
!return redis.call('echo', 1e100)
!return redis.call('echo', -0)
!return redis.call('echo', 1 / 0)
!return redis.call('echo', '5')
!return redis.call('echo', true)
!return redis.call('echo', nil)
!return redis.call('echo', {})
!return redis.call('echo')
!return redis.call('echo', 'a', 'b')
!return redis.call()
!return redis.call(nil)
!return redis.call({})
!return redis.call('nocommand')
!return redis.call('')
!return redis.call('get')
!return redis.call('get', 'l')
!return redis.pcall('get', 'l')
!return redis.pcall('nocommand')
!return redis.pcall('get')
!return redis.pcall()
!return redis.pcall({})
!return redis.pcall('incr', 's').err
!return type(redis.pcall('incr', 's'))
!local r = redis.pcall('incr', 's') return {r.err, tostring(r.ignore_error_stats_update), r.x == nil}
!local ok, e = pcall(redis.call, 'incr', 's') return {tostring(ok), type(e), e}
!local ok, e = pcall(function() return redis.call('get', 'l') end) return e
!local ok, e = xpcall(function() return redis.call('get', 'l') end, function(e) return e.err end) return e
!local r = redis.pcall('get', 'l') error(r)
!local r = redis.pcall('get', 'l') error(r.err)
!local function f() return redis.call('get', 'l') end\n\nreturn f()
!local function f()\nlocal x = redis.call('get', 'l')\nreturn x end\n\nreturn f()
!redis.call('set', 'w', 1) redis.call('incr', 'l')
!return redis.call('get', 'w')
!return redis.call('multi')
!return redis.call('exec')
!return redis.call('watch', 's')
!return redis.call('subscribe', 'c')
!return redis.call('psubscribe', 'c')
!return redis.call('unsubscribe')
!return redis.call('ssubscribe', 'c')
!return redis.call('auth', 'x')
!return redis.call('hello', 3)
!return redis.call('reset')
!return redis.call('quit')
!return redis.call('eval', 'return 1', 0)
!return redis.call('evalsha', 'x', 0)
!return redis.call('fcall', 'x', 0)
!return redis.call('script', 'flush')
!return redis.call('function', 'list')
!return redis.call('client', 'id')
!return redis.call('config', 'get', 'maxmemory')
!return redis.call('acl', 'whoami')
!return redis.call('role')
!return redis.call('shutdown')
!return redis.call('debug', 'sleep', 0)
!return redis.call('replicaof', 'no', 'one')
!return redis.call('publish', 'c', 'm')
!return redis.call('xread', 'block', 0, 'streams', 'xs', '$')
!return redis.call('xread', 'streams', 'xs', '0')
!return redis.call('xadd', 'xs', '1-1', 'f', 'v')
!return redis.call('xrange', 'xs', '-', '+')
!return redis.call('xread', 'count', 1, 'streams', 'xs', '0')
!return redis.call('select', 1)
!redis.call('select', 1) redis.call('set', 'indb1', 'x') return redis.call('exists', 's')
!return redis.call('exists', 'indb1')
!redis.call('select', 1) return redis.call('del', 'indb1')
!return type(redis.call('time')[1])
!return redis.sha1hex('')
!return redis.sha1hex('abc')
!return redis.sha1hex(123)
!return redis.sha1hex()
!return redis.sha1hex('a', 'b')
!return redis.error_reply('text')
!return redis.error_reply('CODE text')
!return redis.error_reply('-CODE text')
!return redis.error_reply('-CODE')
!return redis.error_reply('')
!return redis.error_reply(' x')
!return redis.error_reply('a\\r\\nb')
!return redis.error_reply()
!return redis.error_reply(1)
!return redis.error_reply({})
!return redis.error_reply('a', 'b')
!return redis.error_reply('text').err
!return redis.status_reply('text')
!return redis.status_reply('')
!return redis.status_reply('a\\r\\nb')
!return redis.status_reply()
!return redis.status_reply(1)
!return redis.status_reply('text').ok
!return {ok = 'fine', err = 'bad'}
!return {err = 'bad text'}
!return {err = 'a\\nb'}
!return {err = 5}
!return {ok = 5}
!return {ok = 'x', 1, 2}
!return {{err = 'nested error'}, {ok = 'nested status'}, 1}
!return {double = 3.5}
!return {double = 1e100}
!return {double = 3}
!return {double = -1 / 0}
!return {double = 'x'}
!return {big_number = '12345678901234567890'}
!return {big_number = 5}
!return {big_number = 'a\\nb'}
!return {verbatim_string = {format = 'txt', string = 'hi'}}
!return {verbatim_string = {format = 'mkdown', string = 'hi'}}
!return {verbatim_string = {format = 'a', string = 'hi'}}
!return {verbatim_string = {string = 'hi'}}
!return {verbatim_string = 'x'}
!return {map = {a = 1}}
!return {map = {a = {map = {b = 2}}}}
!return {map = {}}
!return {map = 1}
!return {set = {a = true}}
!return {set = {[5] = 1}}
!return {set = {}}
!return {1, 2.7, 'x', true, false, nil, 3}
!return {{}, {{}}, {1, {2}}}
!return 3.99
!return -3.99
!return 1e15
!return 2 ^ 53
!return 2 ^ 63
!return -2 ^ 63
!return 1 / 0
!return -1 / 0
!return true
!return false
!return nil
!return 'text'
!return ''
!return cjson.null
!return {cjson.null}
!return function() end
!return {function() end, 1}
!return coroutine.create(function() end)
!return setmetatable({}, {__index = function() return 'x' end})
!return setmetatable({1, 2}, {__index = {3, 4, 5}})
!local t = {} for i = 1, 300 do t[i] = i end return t
!redis.setresp(3) return redis.call('hgetall', 'h')
!redis.setresp(3) return redis.call('smembers', 'st')
!redis.setresp(3) return redis.call('zscore', 'z', 'b')
!redis.setresp(3) return redis.call('zrange', 'z', 0, -1, 'withscores')
!redis.setresp(3) return redis.call('get', 'missing')
!redis.setresp(3) return redis.call('get', 'missing') == nil
!redis.setresp(3) return redis.call('mget', 'missing', 's')
!redis.setresp(3) return type(redis.call('hgetall', 'h').map)
!redis.setresp(3) local m = redis.call('hgetall', 'h').map return m.f1
!redis.setresp(3) return tostring(redis.call('zscore', 'z', 'b').double)
!redis.setresp(3) return tostring(redis.call('smembers', 'st').set.m1)
!redis.setresp(3) return true
!redis.setresp(3) return false
!redis.setresp(3) return {true, false}
!redis.setresp(3) redis.setresp(2) return true
!redis.setresp(3) return redis.call('set', 's', 'x')
!redis.setresp(3) return redis.pcall('incr', 's')
!redis.setresp(3) return redis.call('lpop', 'missing', 2)
!redis.setresp(4)
!redis.setresp(1)
!redis.setresp()
!redis.setresp('3') return true
!redis.setresp('x')
!redis.setresp(3, 3)
!return redis.set_repl(redis.REPL_ALL)
!return redis.set_repl(redis.REPL_NONE)
!redis.set_repl(99)
!redis.set_repl()
!redis.set_repl(1, 2)
!return redis.replicate_commands()
!return redis.acl_check_cmd('get', 'x')
!return redis.acl_check_cmd('nocommand')
!return redis.acl_check_cmd()
!return redis.acl_check_cmd({})
!redis.log(redis.LOG_WARNING, 'from a test')
!redis.log()
!redis.log(1)
!redis.log('x', 'y')
!redis.log(4, 'x')
!redis.log(-1, 'x')
!redis.log('1', 'x')
!return {redis.LOG_DEBUG, redis.LOG_VERBOSE, redis.LOG_NOTICE, redis.LOG_WARNING, redis.REPL_ALL, redis.REPL_AOF, redis.REPL_REPLICA, redis.REPL_SLAVE, redis.REPL_NONE}
!return {type(redis.REDIS_VERSION), type(redis.REDIS_VERSION_NUM)}
!return redis.breakpoint()
!redis.x = 1
!return redis.x == nil
!redis.call = 1
!string.x = 1
!string.format = nil
!return string.x == nil
!math.pi = 3
!_G.x = 1
!rawset(_G, 'x', 1)
!rawset(redis, 'call', 1)
!setmetatable(_G, {})
!setmetatable(_G, nil)
!getmetatable('').__index = nil
!getmetatable('').x = 1
!return type(getmetatable(''))
!getmetatable(_G).__index = nil
!table.insert(redis, 1)
!print('x')
!return print
!return dofile
!return loadfile
!return require
!return io
!return getfenv
!return setfenv
!return newproxy
!return _VERSION
!return _G._G == _G
!KEYS = {}
!KEYS[1] = 'a' return KEYS[1]
!ARGV.x = 'y' return {#ARGV, ARGV.x}
!return {#KEYS, #ARGV}
!return type(collectgarbage('count'))
!return collectgarbage('step') == true or collectgarbage('step') == false
!return {collectgarbage(), collectgarbage('collect'), collectgarbage('stop'), collectgarbage('restart')}
!return type(gcinfo())
!return {pcall(redis.call, 'set', 's')}
!return tostring(redis.call):match('^function') ~= nil
!local t = {} for k in pairs(redis) do t[#t + 1] = k end return #t > 15
!return redis.call('set', KEYS[1] or 'none', ARGV[1] or 'x')
!local r = {} for i = 1, 5 do r[i] = redis.call('incr', 'loop') end return r
!return redis.call('del', unpack({'loop', 'none', 'w'}))
!local t = redis.call('hgetall', 'h') local m = {} for i = 1, #t, 2 do m[t[i]] = t[i + 1] end return {m.f1, m.f2}
!return cjson.encode(redis.call('lrange', 'l', 0, -1))
!return cjson.encode(redis.call('mget', 's', 'missing'))
!return redis.call('sort', 'l', 'alpha', 'desc')
!return redis.call('object', 'encoding', 'n')
!return redis.call('expire', 's', 100)
!return redis.call('ttl', 's')
!return redis.call('set', 's', 'v', 'EX', 'x')
!return redis.call('zadd', 'z', 'x', 'm')
!return redis.call('setrange', 's', -1, 'x')
!return redis.call('flushall')
!return redis.call('dbsize')
`)
}
EVAL "return {KEYS[1],KEYS[2],ARGV[1],ARGV[2]}" 2 k1 k2 a1 a2
EVAL "return {KEYS[1],KEYS[2],ARGV[1],ARGV[2]}" 1 k1 k2 a1 a2
EVAL "return {#KEYS,#ARGV}" 3 a b c
EVAL "return {#KEYS,#ARGV}" 0 a b c
EVAL "return ARGV[1]" 0 "\x00\xff bin"
EVAL "return #ARGV[1]" 0 "\x00\xff bin"
EVAL "return 1" x
EVAL "return 1" -1
EVAL "return 1" 1
EVAL "return 1" 1.5
EVAL "return 1" ""
EVAL "return 1" 01
EVAL "return 1"
EVAL
EVAL "" 0
EVAL " " 0
EVAL "-- nothing" 0
EVAL_RO "return 1" 0
EVAL_RO "return redis.call('get','s')" 0
EVAL_RO "return redis.call('set','s',1)" 0
EVAL_RO "return redis.pcall('set','s',1)" 0
EVAL_RO "return redis.call('publish','c','m')" 0
EVAL_RO "return redis.call('pfcount','hll')" 0
EVAL_RO "return redis.call('getex','s','persist')" 0
EVAL_RO "#!lua\nreturn 1" 0
EVAL_RO "#!lua flags=no-writes\nreturn 1" 0
EVAL "#!lua\nreturn 1" 0
EVAL "#!lua flags=\nreturn 1" 0
EVAL "#!lua flags=no-writes\nreturn redis.call('set','s',1)" 0
EVAL "#!lua flags=no-writes,allow-oom,allow-stale,no-cluster,allow-cross-slot-keys\nreturn 1" 0
EVAL "#!lua flags=wrong\nreturn 1" 0
EVAL "#!lua flags=no-writes,\nreturn 1" 0
EVAL "#!lua flags=NO-WRITES\nreturn 1" 0
EVAL "#!lua name=x\nreturn 1" 0
EVAL "#!lua flags=no-writes flags=allow-oom\nreturn 1" 0
EVAL "#!lua \"flags=no-writes\"\nreturn 1" 0
EVAL "#!lua \"flags\nreturn 1" 0
EVAL "#!LUA\nreturn 1" 0
EVAL "#!js\nreturn 1" 0
EVAL "#!\nreturn 1" 0
EVAL "#!lua" 0
EVAL "#!lua return 1" 0
EVAL "#!lua\n\nerror('x')" 0
EVAL "#x\nreturn 1" 0
EVAL " #!lua\nreturn 1" 0
EVALSHA 0123456789012345678901234567890123456789 0
EVALSHA short 0
EVALSHA short
EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
EVALSHA E0E1F9FABFC9D4800C877A703B823AC0578FF8DB 0
EVALSHA_RO e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db x
EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 5
SCRIPT LOAD "return 1"
SCRIPT LOAD "return ARGV[1]"
SCRIPT LOAD ""
SCRIPT LOAD "syntax error"
SCRIPT LOAD "#!lua flags=wrong\nreturn 1"
SCRIPT LOAD
SCRIPT LOAD a b
SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db E0E1F9FABFC9D4800C877A703B823AC0578FF8DB x
SCRIPT EXISTS
SCRIPT KILL
SCRIPT FLUSH WHAT
SCRIPT FLUSH SYNC
SCRIPT EXISTS e0e1f9fabfc9d4800c877a703b823ac0578ff8db
EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0
SCRIPT FLUSH ASYNC
SCRIPT FLUSH
SCRIPT FLUSH SYNC ASYNC
SCRIPT WHAT
SCRIPT
script load "return 2"
eval "return 1" 0
MULTI
EVAL "return redis.call('incr','tx')" 1 tx
EVAL "return redis.call('nocommand')" 0
EVALSHA 0123456789012345678901234567890123456789 0
EVAL "return redis.call('incr','tx')" 1 tx
SCRIPT LOAD "return 3"
EXEC
GET tx
MULTI
EVAL "syntax error" 0
EVAL "return 1" x
EXEC
WATCH wk
2> EVAL "return redis.call('set',KEYS[1],'x')" 1 wk
MULTI
GET wk
EXEC
2! BLPOP wl 0
EVAL "redis.call('rpush','wl','a') redis.call('rpush','wl','b') return redis.call('llen','wl')" 0
2<
2> SUBSCRIBE news
EVAL "return redis.call('publish','news','hello')" 0
2<
`

const functions = String.raw`
FUNCTION FLUSH
FUNCTION LIST
FUNCTION STATS
FUNCTION LOAD "#!lua name=lib\nredis.register_function('f', function(keys, args) return {keys, args} end)"
FUNCTION LOAD "#!lua name=lib\nredis.register_function('f', function(keys, args) return 1 end)"
FUNCTION LOAD REPLACE "#!lua name=lib\nredis.register_function('f', function(keys, args) return {keys, args} end)"
FUNCTION LOAD replace replace "#!lua name=lib\nredis.register_function('f', function(keys, args) return {keys, args} end)"
FUNCTION LOAD WHAT "#!lua name=x\nredis.register_function('x', function() end)"
FUNCTION LOAD
FUNCTION LOAD REPLACE
FUNCTION LOAD "no shebang"
FUNCTION LOAD "#!lua name=x"
FUNCTION LOAD "#!lua\nredis.register_function('x', function() end)"
FUNCTION LOAD "#!js name=x\nredis.register_function('x', function() end)"
FUNCTION LOAD "#!LUA name=up\nredis.register_function('up', function() return 'up' end)"
FUNCTION LOAD "#!lua name=a-b\nredis.register_function('x', function() end)"
FUNCTION LOAD "#!lua name=\nredis.register_function('x', function() end)"
FUNCTION LOAD "#!lua name=x name=y\nredis.register_function('x', function() end)"
FUNCTION LOAD "#!lua name=x what=1\nredis.register_function('x', function() end)"
FUNCTION LOAD "#!lua NAME=cased\nredis.register_function('cased', function() return 'cased' end)"
FUNCTION LOAD "#!lua \"name=x\nredis.register_function('x', function() end)"
FUNCTION LOAD "#!lua name=none\nlocal x = 1"
FUNCTION LOAD "#!lua name=bad\nsyntax error"
FUNCTION LOAD "#!lua name=bad\n\nredis.register_function("
FUNCTION LOAD "#!lua name=bad\nredis.call('get','x')"
FUNCTION LOAD "#!lua name=bad\nreturn redis.pcall('get','x')"
FUNCTION LOAD "#!lua name=bad\nx = 1"
FUNCTION LOAD "#!lua name=bad\nreturn undefined"
FUNCTION LOAD "#!lua name=bad\nlocal x = nil\nx.y = 1"
FUNCTION LOAD "#!lua name=bad\nreturn redis.sha1hex('x')"
FUNCTION LOAD "#!lua name=bad\nredis.x = 1"
FUNCTION LOAD "#!lua name=bad\nredis.setresp(3)"
FUNCTION LOAD "#!lua name=bad\nreturn KEYS"
FUNCTION LOAD "#!lua name=bad\nreturn math.random()"
FUNCTION LOAD "#!lua name=bad\nreturn string.rep('x', 3)"
FUNCTION LOAD "#!lua name=bad\nredis.register_function()"
FUNCTION LOAD "#!lua name=bad\nredis.register_function('a', function() end, 'c')"
FUNCTION LOAD "#!lua name=bad\nredis.register_function('a')"
FUNCTION LOAD "#!lua name=bad\nredis.register_function(function() end)"
FUNCTION LOAD "#!lua name=bad\nredis.register_function('a', 'b')"
FUNCTION LOAD "#!lua name=bad\nredis.register_function({}, function() end)"
FUNCTION LOAD "#!lua name=bad\nredis.register_function('a-b', function() end)"
FUNCTION LOAD "#!lua name=bad\nredis.register_function('', function() end)"
FUNCTION LOAD "#!lua name=bad\nredis.register_function('a', function() end) redis.register_function('a', function() end)"
FUNCTION LOAD "#!lua name=bad\nredis.register_function('f', function() end)"
FUNCTION LOAD "#!lua name=bad\nredis.register_function{}"
FUNCTION LOAD "#!lua name=bad\nredis.register_function{function_name='a'}"
FUNCTION LOAD "#!lua name=bad\nredis.register_function{callback=function() end}"
FUNCTION LOAD "#!lua name=bad\nredis.register_function{function_name={},callback=function() end}"
FUNCTION LOAD "#!lua name=bad\nredis.register_function{function_name='a',callback=1}"
FUNCTION LOAD "#!lua name=bad\nredis.register_function{function_name='a',callback=function() end,what=1}"
FUNCTION LOAD "#!lua name=bad\nredis.register_function{function_name='a',callback=function() end,flags='x'}"
FUNCTION LOAD "#!lua name=bad\nredis.register_function{function_name='a',callback=function() end,flags={'x'}}"
FUNCTION LOAD "#!lua name=bad\nredis.register_function{function_name='a',callback=function() end,description={}}"
FUNCTION LOAD "#!lua name=bad\nredis.register_function{function_name='a',callback=function() end,1}"
FUNCTION LOAD "#!lua name=two\nlocal n = 0\nlocal function helper(x) return x * 2 end\nredis.register_function{function_name='ro', callback=function(keys, args) return redis.call('get', keys[1]) end, flags={'no-writes'}, description='reads a key'}\nredis.register_function('double', function(keys, args) return helper(args[1]) end)\nredis.register_function('count', function() n = n + 1 return n end)\nredis.register_function('fails', function() error('failed') end)\nredis.register_function('writes', function(keys, args) return redis.call('set', keys[1], args[1]) end)\nredis.register_function('undef', function() return undefined end)\nredis.register_function('global', function() x = 1 end)\nredis.register_function('call', function(keys, args) return redis.call(unpack(args)) end)\nredis.register_function('pcalls', function(keys, args) return redis.pcall(unpack(args)) end)\nredis.register_function('keysglobal', function() return KEYS end)\nredis.register_function('reg', function() return redis.register_function('z', function() end) end)\nredis.register_function('sandbox', function() return {type(_G), type(string), type(redis.call), type(cjson), tostring(redis.breakpoint), type(redis.sha1hex)} end)\nredis.register_function('resp3', function() redis.setresp(3) return true end)\nredis.register_function('map', function() return {map={a=1}} end)\nredis.register_function('g', function() return _G.x end)\nredis.register_function('load', function() return loadstring('return undefined')() end)"
FCALL f 1 a b c
FCALL f 0
FCALL f 2 a b
FCALL f 2 a
FCALL f x a
FCALL f -1 a
FCALL f 1.5 a
FCALL f
FCALL F 0
FCALL none 0
FCALL none x
FCALL_RO f 0
FCALL_RO none 0
FCALL up 0
FCALL cased 0
SET k v
FCALL ro 1 k
FCALL_RO ro 1 k
FCALL_RO ro 1 missing
FCALL double 0 21
FCALL double 0 x
FCALL double 0
FCALL count 0
FCALL count 0
FCALL fails 0
FCALL writes 1 k2 v2
GET k2
FCALL_RO writes 1 k2 v2
FCALL undef 0
FCALL global 0
FCALL call 0 GET k
FCALL call 0 NOCOMMAND
FCALL call 0
FCALL call 0 INCR k
FCALL pcalls 0 INCR k
FCALL pcalls 0 MULTI
FCALL call 0 FCALL f 0
FCALL keysglobal 0
FCALL reg 0
FCALL sandbox 0
FCALL resp3 0
FCALL map 0
FCALL g 0
FCALL load 0
~ FUNCTION LIST
~ FUNCTION LIST WITHCODE
FUNCTION LIST LIBRARYNAME lib
FUNCTION LIST LIBRARYNAME lib WITHCODE
FUNCTION LIST WITHCODE LIBRARYNAME lib
FUNCTION LIST LIBRARYNAME LIB
FUNCTION LIST LIBRARYNAME nothing*
FUNCTION LIST LIBRARYNAME
FUNCTION LIST LIBRARYNAME a LIBRARYNAME b
FUNCTION LIST WITHCODE WITHCODE
FUNCTION LIST WHAT
FUNCTION STATS
FUNCTION STATS x
FUNCTION DELETE none
FUNCTION DELETE lib
FUNCTION DELETE lib
FUNCTION DELETE
FCALL f 0
FUNCTION KILL
FUNCTION WHAT
FUNCTION
FUNCTION RESTORE x
FUNCTION RESTORE ""
FUNCTION RESTORE x WHAT
FUNCTION RESTORE
FUNCTION RESTORE "\xf5\xc3@@\x1f#!lua name=lib2\nredis.register_f\x07unction{\xc0\x08\x00_${"`"}*\x0c\x27g\x27,callback=\xc0\x1a\x08() return \x06@D@ \x1f(\x27set\x27,\x27x\x27,1) end,flags={\x27no-wri\x0ctes\x27},descrip@h\x04=\x27d\x27}" APPEND
MULTI
FUNCTION LOAD "#!lua name=tx\nredis.register_function('tx', function() return 'tx' end)"
FCALL tx 0
FUNCTION DELETE tx
FCALL tx 0
EXEC
FUNCTION FLUSH WHAT
FUNCTION FLUSH ASYNC
FUNCTION LIST
FUNCTION STATS
FUNCTION DUMP
FUNCTION LOAD "#!lua name=d\nredis.register_function('d', function() return 1 end)"
FUNCTION FLUSH SYNC
FUNCTION FLUSH
`

const refusals = String.raw`
CONFIG SET maxmemory 1
EVAL "return redis.call('set','a',1)" 0
EVAL "return redis.call('get','a')" 0
EVAL "return redis.pcall('set','a',1).err" 0
EVAL "#!lua\nreturn 1" 0
EVAL "#!lua flags=allow-oom\nreturn redis.call('set','a',1)" 0
EVAL "#!lua flags=no-writes\nreturn redis.call('get','a')" 0
EVAL "redis.call('del','a') return redis.call('set','a',1)" 0
FUNCTION LOAD "#!lua name=x\nredis.register_function('x', function() end)"
CONFIG SET maxmemory 0
CONFIG SET min-replicas-to-write 1
EVAL "return redis.call('set','a',1)" 0
EVAL "return redis.call('get','a')" 0
EVAL "#!lua\nreturn 1" 0
EVAL "#!lua flags=no-writes\nreturn redis.call('get','a')" 0
FUNCTION LOAD "#!lua name=x\nredis.register_function('x', function() end)"
CONFIG SET min-replicas-to-write 0
FUNCTION LOAD "#!lua name=x\nredis.register_function('x', function(keys) return redis.call('get', keys[1]) end)"
ACL SETUSER u on nopass ~app:* &ch* +eval +fcall +get +set +publish
2> AUTH u x
2> EVAL "return redis.call('get',KEYS[1])" 1 app:1
2> EVAL "return redis.call('get','other')" 0
2> EVAL "return redis.pcall('get','other').err" 0
2> EVAL "return redis.call('del','app:1')" 0
2> EVAL "return redis.call('publish','ch1','m')" 0
2> EVAL "return redis.call('publish','other','m')" 0
2> EVAL "return {redis.acl_check_cmd('get','app:1'), redis.acl_check_cmd('get','x'), redis.acl_check_cmd('del','app:1')}" 0
2> FCALL x 1 app:1
ACL SETUSER u allkeys
2> EVAL "return redis.call('get','other')" 0
ACL DELUSER u
FUNCTION FLUSH`

export const lua: Readonly<Record<string, string>> = {
  "Lua: language": language,
  "Lua: errors": errors,
  "Lua: syntax": syntax,
  "Lua: strings": strings,
  "Lua: tables": tables,
  "Lua: mathematics": mathematics,
  "Lua: coroutines": coroutines,
  "Lua: JSON": json,
  "Lua: bytes": packing,
  "Lua: scripts": api,
  "Lua: functions": functions,
  "Lua: refusals": refusals
}
