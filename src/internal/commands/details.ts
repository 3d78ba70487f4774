/**
 * Which details of a result a list of details has for sure, in types. Searches return what
 * was asked for, and their types say so.
 */

/** The details that a list has for sure: an element of a wider type may be any of its members. */
export type Certain<Details extends ReadonlyArray<string>> = {
  [I in keyof Details]: IsOne<Details[I]> extends true ? Details[I] : never
}[number]

/** Whether a type is one detail, and not several or none. */
type IsOne<Detail, Each = Detail> = Each extends unknown ? [Detail] extends [Each] ? true : false : never
