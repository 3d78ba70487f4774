/**
 * Sample calls of the commands of src/commands/acl.ts, and what those are that servers flag neither `readonly` nor `write`.
 */
import * as Redacted from "effect/Redacted"
import { commands as c } from "../../../src/index.ts"
import { asks, type Unflagged } from "./unflagged.ts"

const secret = Redacted.make("a password")

export const acl = {
  aclCat: [c.aclCat(), c.aclCat("geo")],
  aclDeluser: [c.aclDeluser("u"), c.aclDeluser(["u", "v"])],
  aclDryrun: [c.aclDryrun("u", c.set("k", "v")), c.aclDryrun("u", ["CONFIG", "GET", "x"])],
  aclGenpass: [c.aclGenpass(), c.aclGenpass(128)],
  aclGetuser: [c.aclGetuser("u")],
  aclList: [c.aclList()],
  aclLoad: [c.aclLoad()],
  aclLog: [c.aclLog(), c.aclLog(2)],
  aclLogReset: [c.aclLogReset()],
  aclSave: [c.aclSave()],
  aclSetuser: [
    c.aclSetuser("u"),
    c.aclSetuser("u", ["reset", "on", ["addPassword", secret], "~app:*", "%R~*", "&news", "+@read", "(+get ~x)"]),
    c.aclSetuser("u", [["removePassword", secret], ["addHash", secret], ["removeHash", secret], "db=0,1"])
  ],
  aclUsers: [c.aclUsers()],
  aclWhoami: [c.aclWhoami()]
}

const changes = "each server has users of its own, and those of a primary are meant; again, it may undo a later change"

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "ACL CAT": asks,
  "ACL DELUSER": { mode: "write", repeatable: false, why: changes },
  "ACL DRYRUN": asks,
  "ACL GENPASS": asks,
  "ACL GETUSER": asks,
  "ACL LIST": asks,
  "ACL LOAD": { mode: "write", repeatable: false, why: changes },
  "ACL LOG": asks,
  "ACL LOG RESET": {
    mode: "read",
    repeatable: false,
    why: "each server has a log of its own; again, it removes what was denied meanwhile"
  },
  "ACL SAVE": { mode: "write", repeatable: false, why: changes },
  "ACL SETUSER": { mode: "write", repeatable: false, why: changes },
  "ACL USERS": asks,
  "ACL WHOAMI": asks
}
