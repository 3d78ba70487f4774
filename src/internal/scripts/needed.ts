/**
 * What a command that runs a script by its SHA-1 needs of the server: the script itself.
 */
import * as Command from "../../Command.ts"
import { scriptLoad } from "../../commands/scripting.ts"

/** The need for a script; `whole` is the definition of the command that is sent with the text of the script. */
export const scriptNeeded = (lua: string, sha1: string, whole: Command.Spec): Command.Needed => ({
  kind: "script",
  id: sha1,
  load: scriptLoad(lua),
  isMissing: (reply) => /^NOSCRIPT No matching script\.(?: Please use EVAL\.)?$/.test(reply.text),
  whole: (command) => Command.replacing(command, whole, [lua, ...command.args.slice(1)])
})
