/* What the speakers are called: the names in the result, and what the reader makes of them. */

export class Names {
  constructor(given) {
    this.given = given;
    this.current = [...given];
    this.listeners = [];
  }

  of(index) {
    return this.current[index];
  }

  /** Gives a speaker another name; an empty one brings the first back. */
  rename(index, text) {
    this.current[index] = text.trim() || this.given[index];
    this.told();
  }

  told() {
    for (const listener of this.listeners) listener();
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  /** Names that more than one of some speakers have. */
  shared(speakers) {
    const own = speakers.map((k) => this.current[k]);
    return [...new Set(own.filter((name, index) => own.indexOf(name) !== index))];
  }
}
