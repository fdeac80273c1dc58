"use strict";
/* What was said, with the sound: a paragraph for each time somebody begins; speakers follow the turns. */

/** Whose a sentence is: who has most of its time. */
function speakerOf(model, start, end) {
  const shares = new Map();
  for (const turn of model.turns) {
    const common = Math.min(turn.end, end) - Math.max(turn.start, start);
    if (common > 0) shares.set(turn.speaker, (shares.get(turn.speaker) || 0) + common);
  }
  return [...shares].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null;
}

function sentenceList(model, names, player, view) {
  const said = model.sentences;
  if (!said) return;
  byId("sentences").hidden = false;
  const paragraphs = [];
  said.text.forEach((text, i) => {
    const who = speakerOf(model, said.start[i], said.end[i]);
    const last = paragraphs.at(-1);
    if (last && last.who === who) last.parts.push(i);
    else paragraphs.push({ who, parts: [i] });
  });
  const sentence = (i) => {
    const play = () => playFrom(said.start[i] / 1000, player, view);
    const onkeydown = (event) => event.key === "Enter" && play();
    return element("span", { role: "button", tabindex: "0", class: "said", "data-start": String(said.start[i]), "data-end": String(said.end[i]), text: said.text[i], onclick: play, onkeydown });
  };
  byId("sentence-list").replaceChildren(
    ...paragraphs.map(({ who, parts }) =>
      element(
        "p",
        {},
        timeButton(said.start[parts[0]], player, view),
        " ",
        element("b", { class: "name", text: `${who === null ? "nobody" : names.of(who)}: ` }),
        ...parts.flatMap((i) => [sentence(i), " "]),
      ),
    ),
  );
}

function playFrom(time, player, view) {
  view.reveal(time);
  player.play(time);
}

/** The sentence that is heard now. */
function markSaid(player) {
  const ms = player.time * 1000;
  for (const each of document.querySelectorAll(".said")) each.classList.toggle("now", Number(each.dataset.start) <= ms && ms < Number(each.dataset.end));
}
