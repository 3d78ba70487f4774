/**
 * Sample calls of the commands of src/commands/commandInfo.ts, loadedModules.ts, persistence.ts and migrate.ts, and
 * what those are that servers flag neither `readonly` nor `write`.
 */
import { Redacted } from "effect"
import { commands as c } from "../../../src/index.ts"
import { asks, type Unflagged } from "./unflagged.ts"

const secret = Redacted.make("secret")

export const administration = {
  commandCount: [c.commandCount()],
  commandDocs: [c.commandDocs(), c.commandDocs("get", "config|get")],
  commandInfo: [c.commandInfo(), c.commandInfo("get", "config|get")],
  commandGetkeys: [c.commandGetkeys("SET", "k", "v")],
  commandGetkeysandflags: [c.commandGetkeysandflags(["SET", "k", "v"])],
  commandList: [
    c.commandList(),
    c.commandList({ module: "json" }),
    c.commandList({ category: "pubsub" }),
    c.commandList({ pattern: "get*" })
  ],
  moduleList: [c.moduleList()],
  moduleLoad: [c.moduleLoad("/m.so"), c.moduleLoad("/m.so", "a", 1)],
  moduleLoadex: [
    c.moduleLoadex("/m.so"),
    c.moduleLoadex("/m.so", { config: { "m.size": 1, "m.on": "yes" }, args: ["a"] })
  ],
  moduleUnload: [c.moduleUnload("m")],
  save: [c.save()],
  bgsave: [c.bgsave(), c.bgsave("schedule"), c.bgsave("cancel")],
  bgrewriteaof: [c.bgrewriteaof()],
  lastsave: [c.lastsave()],
  backupStart: [c.backupStart()],
  backupSeal: [c.backupSeal()],
  backupAbort: [c.backupAbort()],
  backupCleanup: [c.backupCleanup()],
  backupList: [c.backupList()],
  backupStatus: [c.backupStatus()],
  migrate: [
    c.migrate("127.0.0.1", 1, "k", 0, "1 second"),
    c.migrate("127.0.0.1", 1, ["k", "KEYS"], 0, "1 second", { copy: true, replace: true }),
    c.migrate("127.0.0.1", 1, "k", 0, "1 second", { auth: secret }),
    c.migrate("127.0.0.1", 1, ["k", "l"], 0, "1 second", { auth2: { username: "KEYS", password: secret } })
  ]
}

const writesFiles: Unflagged = {
  mode: "read",
  repeatable: false,
  why: "a replica has files of its own; again, it writes them a second time"
}
const ofBackups: Unflagged = {
  mode: "read",
  repeatable: false,
  why: "a replica has backups of its own; again, it acts on one that began meanwhile"
}
const ofModules: Unflagged = {
  mode: "write",
  repeatable: false,
  why: "it changes what the server can do, and fails if it is sent again"
}

export const unflagged: Readonly<Record<string, Unflagged>> = {
  "COMMAND COUNT": asks,
  "COMMAND DOCS": asks,
  "COMMAND INFO": asks,
  "COMMAND GETKEYS": asks,
  "COMMAND GETKEYSANDFLAGS": asks,
  "COMMAND LIST": asks,
  "MODULE LIST": asks,
  "MODULE LOAD": ofModules,
  "MODULE LOADEX": ofModules,
  "MODULE UNLOAD": ofModules,
  "SAVE": writesFiles,
  "BGSAVE": writesFiles,
  "BGREWRITEAOF": writesFiles,
  "LASTSAVE": asks,
  "BACKUP START": ofBackups,
  "BACKUP SEAL": ofBackups,
  "BACKUP ABORT": ofBackups,
  "BACKUP CLEANUP": ofBackups,
  "BACKUP LIST": asks,
  "BACKUP STATUS": asks
}
