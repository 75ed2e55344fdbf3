// The sections of the page, in the order of their links.
import about from "./sections/about.js";
import voices from "./sections/voices.js";
import work from "./sections/work.js";

export const studioSections = [
  voices,
  work,
];

export const voiceSections = [
  about,
];
