/** The default theme of VitePress with the colours and the front page of this site. */
import DefaultTheme from "vitepress/theme"
// oxlint-disable-next-line import/no-unassigned-import
import "./site.css"

export default DefaultTheme
