// What a section is shown with. A section that was left, also while it waited for an answer, does nothing any more.
export class SectionContext {
  #atLeaving = [];
  #left = false;
  #go;
  #tell;

  // `voice` is a name or null, `go(...parts)` opens a section, `tell(error)` shows what goes wrong at a poll, or null.
  constructor(voice, go, tell) {
    this.voice = voice;
    this.#go = go;
    this.#tell = tell;
  }

  go = (...parts) => {
    if (!this.#left) this.#go(...parts);
  };

  // Polls at once, and again so many seconds after each poll, until the section is left.
  every = (seconds, act) => {
    let timer = null;
    const poll = async () => {
      if (this.#left) return;
      let failed = null;
      try {
        await act();
      } catch (error) {
        failed = error;
      }
      if (this.#left) return;
      this.#tell(failed);
      timer = setTimeout(poll, seconds * 1000);
    };
    this.onLeave(() => clearTimeout(timer));
    return poll();
  };

  // Acts when the section is left: at once if it was.
  onLeave = (act) => {
    if (this.#left) act();
    else this.#atLeaving.push(act);
  };

  leave() {
    this.#left = true;
    for (const act of this.#atLeaving) act();
  }
}
