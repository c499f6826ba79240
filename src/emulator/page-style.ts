/** How the pretend directory looks: its own colours, in no way Microsoft's, by day and by night, on any width. */

export const pageStyle = `
:root {
  color-scheme: light dark;
  --ground: #f3efe6; --paper: #fffdf8; --ink: #22201c; --quiet: #5f5a50; --line: #d9d1c0;
  --accent: #6b2d5c; --accent-ink: #ffffff; --tint: #f5e9f1; --warn: #ffcf33; --warn-ink: #241c00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #171519; --paper: #221f26; --ink: #f2eef5; --quiet: #b6aebd; --line: #443d4b;
    --accent: #e3a6d3; --accent-ink: #2a0f24; --tint: #35293a; --warn: #ffcf33; --warn-ink: #241c00;
  }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; background: var(--ground); color: var(--ink); font: 1rem/1.5 Georgia, 'Times New Roman', serif; }
.banner { margin: 0; padding: .65rem 1rem; background: var(--warn); color: var(--warn-ink); text-align: center; font-weight: bold;
  border-bottom: .5rem solid; border-image: repeating-linear-gradient(135deg, #241c00 0 .75rem, #ffcf33 .75rem 1.5rem) 8; }
main { max-width: 30rem; margin: 2.5rem auto; padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-radius: 1rem; }
main.wide { max-width: 50rem; }
.directory { margin: 0 0 .25rem; color: var(--accent); font-size: .875rem; letter-spacing: .06em; text-transform: uppercase; }
h1 { margin: 0 0 .75rem; font-size: 1.75rem; line-height: 1.2; font-weight: normal; }
a { color: var(--accent); }
h2 { margin: 1.75rem 0 .5rem; font-size: 1.2rem; }
p { margin: 0 0 1rem; }
.quiet { color: var(--quiet); }
.tiles { list-style: none; margin: 1.25rem 0; padding: 0; display: grid; gap: .6rem; }
button { font: inherit; color: inherit; cursor: pointer; }
.tile { width: 100%; display: grid; grid-template-columns: 2.75rem 1fr; gap: 0 .9rem; align-items: center; padding: .7rem .9rem;
  text-align: left; background: transparent; border: 1px solid var(--line); border-radius: .75rem; }
.tile:hover { background: var(--tint); border-color: var(--accent); }
.tile.suggested { border: 2px solid var(--accent); background: var(--tint); }
.face { grid-row: span 3; width: 2.75rem; height: 2.75rem; border-radius: 50%; display: grid; place-items: center;
  background: var(--accent); color: var(--accent-ink); font-size: .95rem; }
.tile strong { overflow-wrap: anywhere; }
.tile span:not(.face) { color: var(--quiet); font-size: .9rem; line-height: 1.35; overflow-wrap: anywhere; }
.badge { display: inline-block; margin-left: .5rem; padding: 0 .5rem; border-radius: 1rem; background: var(--accent);
  color: var(--accent-ink); font-size: .75rem; font-weight: normal; white-space: nowrap; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; }
.plain, .main { padding: .5rem 1.25rem; border-radius: 2rem; border: 1px solid var(--accent); background: transparent; color: var(--accent); }
.main { background: var(--accent); color: var(--accent-ink); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1rem; margin: 1rem 0 0; font-size: .9rem; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
code, dd, .message { font-family: ui-monospace, Consolas, 'DejaVu Sans Mono', monospace; font-size: .9em; }
.message { padding: .9rem 1rem; background: var(--tint); border-left: .3rem solid var(--accent); overflow-wrap: anywhere; }
.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; min-width: 42rem; font-size: .9rem; }
th, td { padding: .4rem .6rem .4rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
td code { white-space: nowrap; }
@media (max-width: 34rem) {
  main { margin: 0; padding: 1.5rem 1rem 2rem; border: 0; border-radius: 0; }
  dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; }
}
`
