/**
 * What a page includes: `<script type="module" src="…/widget.js"></script>` and `<townline-chat>`.
 *
 * Served as `/widget.js`; the modules beside it are served below `/widget/`. Everything else is asked
 * of the server this file came from.
 */
import { TownlineChat } from "./widget/element.js";

TownlineChat.home = new URL(".", import.meta.url).href;
if (!customElements.get("townline-chat")) customElements.define("townline-chat", TownlineChat);
