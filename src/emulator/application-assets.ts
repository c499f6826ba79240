/** The application's style sheet and its one script, as text: they are files to the browser only. */

/** An intranet of about 2004: Verdana, bevels, table borders. Yet it may be read, zoomed, and used on a phone. */
export const officeStyle = `
* { box-sizing: border-box; }
body { margin: 0; background: #c9d3df; color: #111; font: 14px/1.5 Verdana, Tahoma, 'DejaVu Sans', sans-serif; }
a { color: #003399; }
#frame { width: 100%; max-width: 860px; margin: 0 auto; background: #fff; border: 1px solid #7c8fa6; }
#head { padding: 10px 16px; background: #1f4e79; background: linear-gradient(#3f77ad, #1f4e79); color: #fff; border-bottom: 3px solid #f2a900; }
#head b { font-size: 22px; letter-spacing: 1px; }
#head small { display: block; }
#menu { display: flex; flex-wrap: wrap; margin: 0; padding: 0; list-style: none; background: #e6ebf1; border-bottom: 1px solid #7c8fa6; }
#menu a { display: block; padding: 6px 14px; border-right: 1px solid #b3bfce; text-decoration: none; }
#menu a:hover { background: #fff3c4; text-decoration: underline; }
#menu a[aria-current] { background: #fff; font-weight: bold; color: #111; }
#main { padding: 14px 16px 24px; }
h1 { margin: 0 0 10px; padding-bottom: 4px; font-size: 19px; border-bottom: 1px dotted #7c8fa6; }
h2 { margin: 20px 0 6px; font-size: 15px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; border: 2px outset #b3bfce; }
caption { padding: 3px 6px; background: #1f4e79; color: #fff; text-align: left; font-weight: bold; }
th, td { padding: 4px 8px; border: 1px solid #b3bfce; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { background: #e6ebf1; white-space: nowrap; }
tr:nth-child(even) td { background: #f6f8fa; }
.money { text-align: right; white-space: nowrap; }
label { display: block; margin-top: 8px; font-weight: bold; }
input, textarea { width: 100%; max-width: 440px; padding: 3px; border: 2px inset #b3bfce; font: inherit; background: #fff; color: #111; }
button { margin-top: 10px; padding: 3px 14px; border: 2px outset #b3bfce; background: #e1e5ea; font: inherit; color: #111; cursor: pointer; }
.done { padding: 6px 10px; border: 1px solid #3c7a1c; background: #eaf6e2; }
#log { height: 180px; overflow-y: auto; margin: 0; padding: 6px 8px 6px 24px; border: 2px inset #b3bfce; background: #fff; overflow-wrap: anywhere; }
#foot { padding: 6px 16px; border-top: 1px solid #b3bfce; background: #f0f3f6; color: #444; font-size: 12px; }
@media (max-width: 30rem) {
  #told { table-layout: fixed; }
  #told th { width: 45%; white-space: normal; }
}
:focus-visible { outline: 2px solid #f2a900; outline-offset: 1px; box-shadow: 0 0 0 4px #1f4e79; }
`

export const chatScript = `
(function () {
  var log = document.getElementById('log')
  var form = document.getElementById('say')
  var text = document.getElementById('text')
  var scheme = location.protocol === 'https:' ? 'wss://' : 'ws://'
  var socket = new WebSocket(scheme + location.host + '/socket')
  function write(line) {
    var item = document.createElement('li')
    item.textContent = line
    log.appendChild(item)
    log.scrollTop = log.scrollHeight
  }
  socket.onmessage = function (event) { write(event.data) }
  socket.onclose = function () { write('The connection is closed. Reload the page to connect again.') }
  form.onsubmit = function (event) {
    event.preventDefault()
    if (socket.readyState !== WebSocket.OPEN || text.value === '') return
    socket.send(text.value)
    text.value = ''
    text.focus()
  }
})()
`
