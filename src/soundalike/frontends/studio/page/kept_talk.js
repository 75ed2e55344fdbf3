// Conversations of this tab: over a reload they stay, and with the tab they go. Nothing of them is written to a disk
// but corrections.
const PREFIX = "soundalike-talk-";

export function keptTalk(key) {
  const name = PREFIX + key;
  const kept = JSON.parse(sessionStorage.getItem(name) ?? "{}");
  return {
    lines: kept.lines ?? [], // {text, name}; without a name it is the voice's own
    person: kept.person ?? "friend",
    keep() { sessionStorage.setItem(name, JSON.stringify({ lines: this.lines, person: this.person })); },
    forget() { this.lines = []; sessionStorage.removeItem(name); },
  };
}

export const forgetTalk = (key) => sessionStorage.removeItem(PREFIX + key);
export const forgetEveryTalk = () => Object.keys(sessionStorage).filter((name) => name.startsWith(PREFIX)).forEach((name) => sessionStorage.removeItem(name));
