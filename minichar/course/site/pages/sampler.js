// The front page's writer: a network, what it goes on from, and a temperature.
import { Network, draw } from "./network.js";

const LENGTH = 400, PACE = 12; // characters; milliseconds between two
const START = { names: "ma", shakespeare: "ROMEO:\n", python: "def " };
const $ = (id) => document.getElementById(id);
const networks = {};
let turn = 0; // whoever writes stops when this is no longer theirs

async function write() {
  const mine = ++turn, name = $("network").value, page = $("page");
  const say = (text) => { $("status").textContent = text; };
  page.replaceChildren();
  $("write").textContent = "Write again";
  $("stop").disabled = false;
  try {
    if (!networks[name]) say("Fetching the network …");
    const net = await (networks[name] ??= Network.fetch(`networks/${name}.bin`));
    if (mine !== turn) return;
    const prompt = $("prompt").value || "\n";
    const unknown = [...prompt].find((c) => !net.characters.includes(c));
    if (unknown) {
      say(`This network has never seen “${unknown}”: leave it out of the beginning.`);
      return;
    }
    say("Writing …");
    net.rest();
    let z;
    for (const c of prompt === "\n" ? prompt : "\n" + prompt) {
      if (net.characters.includes(c)) z = net.step(net.characters.indexOf(c));
    }
    const given = document.createElement("b");
    given.textContent = prompt.trimStart();
    page.append(given);
    for (let n = 0; n < LENGTH; n++) {
      const { id, probability } = draw(z, Number($("temperature").value));
      const letter = document.createElement("span");
      letter.textContent = net.characters[id];
      letter.style.setProperty("--sure", probability.toFixed(2));
      page.append(letter);
      page.scrollTop = page.scrollHeight;
      z = net.step(id);
      await new Promise((go) => setTimeout(go, PACE));
      if (mine !== turn) return;
    }
    say("Done. Pale letters were unlikely to the network, full ones were what it expected.");
  } catch (error) {
    networks[name] = undefined; // the next try fetches it again
    say(`That did not work (${error.message}). Are you online? Then press “Write again”.`);
  } finally {
    if (mine === turn) $("stop").disabled = true;
  }
}

function stop() {
  turn++;
  $("stop").disabled = true;
  $("status").textContent = "Stopped.";
}

// The slider and the number beside it show the same.
function link(from, to) {
  from.addEventListener("input", () => {
    if (from.checkValidity() && from.value) to.value = from.value;
  });
}

link($("temperature"), $("temperature-number"));
link($("temperature-number"), $("temperature"));
$("network").addEventListener("change", () => {
  $("prompt").value = START[$("network").value];
  write();
});
$("sampler").addEventListener("submit", (event) => {
  event.preventDefault();
  write();
});
$("stop").addEventListener("click", stop);
write();
