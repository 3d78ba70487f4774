/**
 * The instructions of compiled Lua. compiler.ts makes them, and machine.ts runs them.
 *
 * An instruction is four numbers: what to do, and its operands a, b and c. An operand that may be a register or a
 * constant is the number of the register, or the complement of the number of the constant.
 */

/** What instructions do; R is a register, RK a register or a constant. */
export const op = {
  /** R[a] = RK[b] */
  move: 0,
  /** R[a] to R[b] = nil */
  clear: 1,
  /** R[a] = the boolean b */
  boolean: 2,
  /** R[a] = upvalue b */
  getUpvalue: 3,
  /** upvalue a = RK[b] */
  setUpvalue: 4,
  /** R[a] becomes a variable that functions share, with its value. */
  share: 5,
  /** R[a] = the shared variable R[b] */
  getShared: 6,
  /** the shared variable R[a] = RK[b] */
  setShared: 7,
  /** R[a] = the global variable whose name is constant b */
  getGlobal: 8,
  /** the global variable whose name is constant a = RK[b] */
  setGlobal: 9,
  /** R[a] = RK[b][RK[c]] */
  index: 10,
  /** R[a][RK[b]] = RK[c] */
  setIndex: 11,
  /** R[a + 1] = R[b], R[a] = R[b][constant c] */
  self: 12,
  /** R[a] = a table with room for b items of a list and c others */
  table: 13,
  /** R[a][c + i] = R[a + i] for i from 1 to b, and the open values after them if b is negative: for -b - 1 */
  list: 14,
  /** R[a] = RK[b] + RK[c], and so on */
  add: 15,
  subtract: 16,
  multiply: 17,
  divide: 18,
  modulo: 19,
  power: 20,
  /** R[a] = the operator on R[b] */
  negate: 21,
  not: 22,
  length: 23,
  /** R[a] = R[b] .. to .. R[b + c - 1] */
  concatenate: 24,
  /** R[a] = RK[b] == RK[c], and so on */
  equal: 25,
  notEqual: 26,
  less: 27,
  lessOrEqual: 28,
  /** Goes on at instruction b, if R[a] is false or nil, or if it is not. */
  jump: 29,
  jumpIfNot: 30,
  jumpIf: 31,
  /** Begins a loop whose state is in R[a] to R[a + 2], and goes on at its end, instruction b. */
  forPrepare: 32,
  /** Goes on at instruction b with the next value of the loop in R[a + 3], unless it is over. */
  forLoop: 33,
  /** Calls the iterator R[a], gives its b values to R[a + 3] and so on. */
  forCall: 34,
  /** Goes on at instruction b if R[a + 3] is not nil. */
  forTest: 35,
  /** Calls R[a] with b arguments after it, for c values in its place. -1 and less: open values come after -b - 1. */
  call: 36,
  /** Calls R[a] in place of this function. If it is native, its values are the open ones, and `return` follows. */
  tailCall: 37,
  /** Returns b values from R[a] on; open values as for a call. */
  return: 38,
  /** b values of `...` from R[a] on; -1: they are the open values. */
  vararg: 39,
  /** R[a] = a new function of prototype b */
  closure: 40
} as const

/** The number that the operator `%` gives. */
export const modulo = (a: number, b: number): number => a - Math.floor(a / b) * b

/** C's `pow`, which gives 1 in two cases in which JavaScript gives NaN. */
export const power = (a: number, b: number): number =>
  a === 1 || (a === -1 && !Number.isFinite(b) && !Number.isNaN(b)) ? 1 : a ** b
