/* The panel of what was said: a paragraph for each time somebody begins, every word of it with the sound. Words become
   elements where they come into view: two hours have twenty thousand. */

import { after } from "./model.js";
import { utterancesOf, wordsTogether } from "./said.js";
import { nameOf, swatch, timeButton } from "./tables.js";
import { byId, element } from "./text.js";

export class TranscriptPanel {
  constructor(model, names, player, view) {
    Object.assign(this, { model, names, player, view, words: [], now: null, drawn: new Map(), marks: new WeakMap() });
    this.list = byId("sentence-list");
    this.list.addEventListener("click", (event) => event.target.matches(".said") && this.play(event.target));
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.sight = new IntersectionObserver((seen) => seen.forEach((each) => each.isIntersecting && this.fill(each.target)), { root: this.list, rootMargin: "600px" });
    this.draw();
  }

  /** After the turns have changed. Paragraphs that are as before stay, for two hours have thousands. */
  draw() {
    const before = this.drawn;
    this.drawn = new Map();
    for (const each of this.paragraphs()) {
      const key = `${each.speaker}: ${each.parts.map(({ words }) => `${words[0].index}–${words.at(-1).index}`).join()}`;
      this.drawn.set(key, before.get(key) || this.paragraph(each));
    }
    byId("sentences").hidden = !this.drawn.size;
    for (const [key, { made }] of before) if (!this.drawn.has(key)) made.remove();
    let place = this.list.firstChild;
    for (const { made, box } of this.drawn.values()) {
      if (made === place) place = made.nextSibling;
      else this.list.insertBefore(made, place);
      if (!box.firstElementChild) this.sight.observe(box);
    }
    this.boxes = new Map([...this.drawn.values()].map(({ box, words }) => [box, words]));
    this.words = [...this.boxes.values()].flat().sort((a, b) => a.start - b.start);
    this.starts = this.words.map((word) => word.start);
    if (this.drawn.size && !this.list.querySelector(".said[tabindex='0']")) this.reach(this.fill(this.list.querySelector(".words"))[0]);
    this.now?.mark.classList.remove("now");
    this.now = null;
    this.mark();
  }

  /** What is said by one speaker before another begins. */
  paragraphs() {
    const found = [];
    for (const each of utterancesOf(this.model)) {
      if (found.at(-1)?.speaker === each.speaker) found.at(-1).parts.push(each);
      else found.push({ speaker: each.speaker, parts: [each] });
    }
    return found;
  }

  paragraph({ speaker, parts }) {
    const who = element("b", {}, nameOf(this.names, speaker), ":");
    const words = parts.flatMap((part, p) => part.words.map((word, i) => ({ ...word, blank: i ? word.blank : p > 0 })));
    const box = element("span", { class: "words", text: wordsTogether(words) });
    for (const word of words) word.box = box;
    const made = element("p", {}, timeButton(parts[0].start, this.player, this.view), " ", swatch(this.model.speakers[speaker]), who, " ", box);
    return { made, box, words };
  }

  /** Makes elements of the words of a paragraph, which it gives. */
  fill(box) {
    const words = this.boxes.get(box);
    if (!words[0].mark) {
      for (const word of words) {
        word.mark = element("span", { role: "button", tabindex: "-1", class: "said", text: word.text });
        this.marks.set(word.mark, word);
      }
      box.replaceChildren(...words.flatMap((word, i) => (word.blank && i ? [" ", word.mark] : [word.mark])));
    }
    this.sight.unobserve(box);
    return words.map((word) => word.mark);
  }

  play(mark) {
    const time = this.marks.get(mark).start / 1000;
    this.reach(mark);
    this.view.reveal(time);
    this.player.play(time);
  }

  /** Arrow keys go from word to word, Enter plays. */
  key(event) {
    if (!event.target.matches(".said")) return;
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Enter") this.play(event.target);
    else if (way) this.reach(this.beside(event.target, way), true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The word before or after one, in this paragraph or the one beside it. */
  beside(mark, way) {
    const { box } = this.marks.get(mark);
    const here = this.fill(box);
    const next = here[here.indexOf(mark) + way];
    if (next) return next;
    const boxes = [...this.boxes.keys()];
    const other = boxes[boxes.indexOf(box) + way];
    return other ? this.fill(other).at(way > 0 ? 0 : -1) : mark;
  }

  /** The one word that the Tab key comes to. */
  reach(mark, focus = false) {
    this.list.querySelector(".said[tabindex='0']")?.setAttribute("tabindex", "-1");
    mark.tabIndex = 0;
    if (focus) mark.focus();
  }

  /** The word that is heard now. */
  mark() {
    const ms = this.player.time * 1000;
    const word = this.words[after(this.starts, ms + 0.5) - 1];
    const heard = word && word.end > ms ? word : null;
    if (heard === this.now) return;
    this.now?.mark.classList.remove("now");
    this.now = heard;
    if (!heard) return;
    this.fill(heard.box);
    heard.mark.classList.add("now");
    if (this.player.playing && byId("follow").checked) this.show(heard.mark);
  }

  /** Scrolls the list, and never the page, to a word. */
  show(mark) {
    const [box, place] = [this.list.getBoundingClientRect(), mark.getBoundingClientRect()];
    if (place.top < box.top || place.bottom > box.bottom) this.list.scrollTop += place.top - box.top - box.height / 3;
  }
}
