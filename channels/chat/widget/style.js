/** How the chat looks: a sheet of its own inside the shadow root, so that no policy has to allow it. */

const CSS = `
:host { all: initial; display: block; color-scheme: light dark;
  --page: #fff; --ink: #1b1f23; --quiet: #4b545c; --line: #78828b; --hair: #d5dbe0; --soft: #eef3f7;
  --accent: var(--townline-accent, #14507a); --on-accent: var(--townline-on-accent, #fff);
  --link: #14507a; --wrong: #a3180d; --focus: #b35900; --safe: #fdf3e3;
  --bar: var(--accent); --on-bar: var(--on-accent); }
@media (prefers-color-scheme: dark) { :host {
  --page: #16191c; --ink: #eef0f2; --quiet: #bcc3c9; --line: #8f98a1; --hair: #343b41; --soft: #23292f;
  --accent: var(--townline-accent, #8cc4ec); --on-accent: var(--townline-on-accent, #0b1a26);
  --link: #9bd0f5; --wrong: #ff9d92; --focus: #ffb454; --safe: #33291a;
  --bar: var(--townline-accent, #1d3f5a); --on-bar: var(--townline-on-accent, #f2f6f9); } }
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
.chat { font: 1rem/1.45 system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif; color: var(--ink);
  text-align: start; }
.hidden { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
p, h2, h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
a { color: var(--link); text-underline-offset: .15em; }
:focus { outline: none; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
h2:focus-visible, h3:focus-visible { outline-offset: -1px; }

button { font: inherit; min-height: 2.75rem; min-width: 2.75rem; padding: .3rem .8rem; cursor: pointer;
  color: var(--link); background: var(--page); border: 1px solid var(--line); border-radius: .5rem; }
button:hover { background: var(--soft); }
button.main, [aria-pressed=true] { color: var(--on-accent); background: var(--accent); border-color: var(--accent);
  font-weight: 600; }
button.main:hover, .launcher:hover { background: var(--accent); text-decoration: underline; }
input, textarea, select { font: inherit; color: var(--ink); background: var(--page); border: 1px solid var(--line);
  border-radius: .5rem; padding: .5rem .6rem; min-height: 2.75rem; width: 100%; }
textarea { display: block; resize: none; field-sizing: content; max-height: 9rem; }
[aria-invalid=true] { border: 2px solid var(--wrong); }

.launcher { position: fixed; z-index: 2147483000; bottom: 1rem; right: 1rem; min-height: 3rem;
  padding: .5rem 1.2rem; border-radius: 1.5rem; color: var(--on-accent); background: var(--accent);
  border: 1px solid var(--on-accent); font-weight: 600; box-shadow: 0 2px 10px #0005; }
.badge { display: inline-block; min-width: 1.5rem; margin-inline-start: .5rem; padding: 0 .4rem; border-radius: .75rem;
  text-align: center; color: var(--accent); background: var(--on-accent); }

[role=dialog] { position: fixed; z-index: 2147483000; bottom: 1rem; right: 1rem;
  width: min(25rem, calc(100vw - 2rem)); height: min(42rem, calc(100vh - 2rem)); height: min(42rem, calc(100dvh - 2rem));
  display: flex; flex-direction: column; overflow: hidden; background: var(--page); border: 1px solid var(--line);
  border-radius: .75rem; box-shadow: 0 6px 28px #0006; }
.left .launcher, .left [role=dialog] { right: auto; left: 1rem; }
.head { display: flex; align-items: center; gap: .25rem; padding: .25rem .25rem .25rem .9rem;
  color: var(--on-bar); background: var(--bar); }
[dir=rtl] .head { padding: .25rem .9rem .25rem .25rem; }
.head h2 { flex: 1; font-weight: 650; line-height: 1.25; }
.head button { color: inherit; background: none; border-color: transparent; }
.head button:hover { background: none; border-color: currentColor; }
.head :focus-visible { outline-color: currentColor; outline-offset: -3px; }
.menu { padding: .6rem .9rem; border-bottom: 1px solid var(--hair); display: grid; gap: .5rem; }
.safety { padding: .3rem .9rem; background: var(--safe); font-size: .9rem; font-weight: 600; }
.safety a { padding: .3rem .1rem; }
.standing:not(:has(p:not([hidden]), .row:not([hidden]))) { display: none; }
.standing { padding: .5rem .9rem; border-bottom: 1px solid var(--hair); background: var(--soft); font-size: .95rem; }
.first { font-weight: 600; }
.quiet { color: var(--quiet); font-size: .875rem; font-weight: 400; }
.line-state { margin-top: .3rem; padding-inline-start: .6rem; border-inline-start: 3px solid var(--focus);
  font-size: .9rem; }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: .4rem; }
.standing .row { margin-top: .35rem; }
.standing .row span { width: 100%; }

.talk { position: relative; flex: 1 1 7rem; min-height: 0; display: flex; }
.log { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: .75rem .9rem; }
.log:focus-visible { outline-offset: -3px; }
.intro { display: grid; gap: .7rem; padding-bottom: .5rem; }
details { border: 1px solid var(--hair); border-radius: .5rem; padding: 0 .75rem; }
details[open] { padding-bottom: .75rem; }
summary { min-height: 2.75rem; line-height: 2.75rem; cursor: pointer; color: var(--link); }
.said { margin: 0 0 .7rem; display: flex; flex-direction: column; align-items: flex-start; }
.mine { align-items: flex-end; }
.who, .meta, .note, .typing { color: var(--quiet); font-size: .8125rem; }
.who { font-weight: 600; }
.bubble { max-width: 88%; padding: .4rem .7rem; border-radius: .75rem; border-start-start-radius: .2rem;
  background: var(--soft); white-space: pre-wrap; overflow-wrap: anywhere; }
.mine .bubble { background: var(--bar); color: var(--on-bar); border-start-start-radius: .75rem;
  border-end-end-radius: .2rem; }
.mine .bubble a { color: inherit; }
.meta { display: flex; flex-wrap: wrap; align-items: center; gap: .1rem .5rem; min-height: 1.3rem; }
.late { color: var(--wrong); font-weight: 600; }
.note { text-align: center; margin: .5rem 0; }
.typing { font-style: italic; }
.newer { position: absolute; inset-block-end: .4rem; inset-inline-start: 50%; translate: -50%; border-radius: 1.4rem;
  box-shadow: 0 1px 6px #0004; }
[dir=rtl] .newer { translate: 50%; }

.foot { border-top: 1px solid var(--hair); max-height: 65%; overflow-y: auto; flex: none; }
.foot:empty { display: none; }
.foot > * { padding: .6rem .75rem; }
.foot > .form + .row { padding-top: 0; }
.composer .row { padding-bottom: .5rem; }
.composer .row button { border-radius: 1.4rem; }
.line { display: flex; align-items: flex-end; gap: .4rem; position: relative; }
.line textarea { flex: 1; min-width: 0; }
.line button { flex: none; }
::placeholder { color: var(--quiet); opacity: 1; }
.attach { font-size: 1.4rem; line-height: 1; padding: 0; }
.form { display: grid; gap: .6rem; }
.field { border: 0; margin: 0; padding: 0; min-width: 0; }
label, legend { display: block; margin-bottom: .25rem; padding: 0; font-size: .95rem; font-weight: 600; }
.scores { display: flex; flex-wrap: wrap; gap: .3rem; }
.score { margin: 0; display: inline-flex; align-items: center; gap: .3rem; min-height: 2.75rem; min-width: 2.75rem; cursor: pointer; }
.score input { width: 1.4rem; height: 1.4rem; min-height: 0; margin: 0; accent-color: var(--accent); }
.wrong { color: var(--wrong); font-weight: 600; font-size: .9rem; }
.wrong:empty { display: none; }

@media (max-width: 30rem), (max-height: 30rem) {
  .chat [role=dialog] { inset: 0; width: 100%; height: 100%; height: 100dvh; border: 0; border-radius: 0; }
  .head h2 { font-size: .95rem; }
}
@media (max-height: 30rem) {
  .chat [role=dialog] { overflow-y: auto; display: block; }
  .talk { display: block; } .log { overflow: visible; min-height: 6rem; } .foot { max-height: none; }
}
@media (forced-colors: active) {
  .bubble, .safety, .standing, .badge { border: 1px solid CanvasText; }
  button.main, [aria-pressed=true] { border-width: 3px; }
  :focus-visible { outline-color: Highlight; }
}
@media print { .chat { display: none; } }
`;

let sheet;

/** @returns {CSSStyleSheet} one for all elements of the page */
export function styleSheet() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
